"""The notebooks' commands: `python -m notebooks` runs the six; `check`, `new`, `lab` and `before` are the others."""

import sys

from churn.harness.command import operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.processes import alone_in
from churn.harness.terminal import print_scores, print_stages, progress_bar
from churn.harness.unfinished import unfinished

COMMANDS = ("run", "check", "new", "lab", "before")


@exit_on_bad_input
def main() -> None:
    words = sys.argv[1:]
    command = words.pop(0) if words and words[0] in COMMANDS else "run"
    if command == "check":
        from notebooks.check.command import check

        check(words)
    elif command == "new":
        from notebooks.run.new import new

        new(words)
    elif command == "lab":
        from notebooks.lab.start import lab

        lab(words)
    elif command == "before":
        from notebooks.before.measure import before

        before(words)
    else:
        run(words)


def run(words: list[str]) -> None:
    """Run the six notebooks, and report as every pipeline does."""
    from notebooks.run.demo import Work, parameters_for, print_where, run_all, six, write_report

    arguments = parser("notebooks", "The churn problem, solved by six notebooks.").parse_args(words)
    data = operator_data(arguments)
    folder = arguments.runs / "notebooks"
    with alone_in(folder), unfinished(folder):
        work = Work(arguments.runs, parameters_for(data, arguments.customers, folder))
        with progress_bar("six notebooks", len(six()), "notebooks") as bar:
            stages = run_all(work, bar.advance, bar.say)
            bar.say("six notebooks")
        report = write_report(data, work, stages)
    print_stages(report)
    print_scores(report)
    print_where(work)


if __name__ == "__main__":
    main()
