"""`python -m together [demo | ui | lineage]`: all four, nested; without a word, the demo."""

import sys

from churn.harness.command import operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.processes import alone_in
from together.story.after_demo import nest_of_last_demo, show_lineage, show_pages
from together.story.demo import demo
from together.story.settings import Nest

FOLDERS = {"four": "together", "two": "together-two"}  # in runs


@exit_on_bad_input
def main() -> None:
    words = sys.argv[1:]
    command = words.pop(0) if words and words[0] in ("demo", "ui", "lineage") else "demo"
    options = parser("together", "The churn problem, solved by all four. Other commands: ui, lineage.")
    options.add_argument("--nest", choices=FOLDERS, default="four", help="two: without containers (make: NEST=)")
    options.add_argument("--customer", help="lineage: whose probability to trace (make: CUSTOMER=)")
    arguments = options.parse_args(words)
    folder = (arguments.runs / FOLDERS[arguments.nest]).resolve()
    with alone_in(folder / "nest", f"a nest is running in {folder}: stop it first (Ctrl-C where it was started)"):
        if command == "demo":
            demo(Nest(arguments.nest, folder, operator_data(arguments)))
        elif command == "ui":
            show_pages(nest_of_last_demo(arguments, folder))
        else:
            show_lineage(nest_of_last_demo(arguments, folder), arguments)


if __name__ == "__main__":
    main()
