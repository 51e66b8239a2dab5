"""`make compare`, also the end of `make demo`: two tables, five lines about them, and a page with plots.

The exit code is 1 when two pipelines gave different answers, and 2 when one of them failed.
"""

import sys
from pathlib import Path

from rich.table import Table

from churn.compare.page import write_page
from churn.compare.runs import DEMOS, NAMES, Run, reference_of, side_by_side
from churn.compare.words import five_lines, left_behind, missing
from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import COLOURS, console, print_table, styled


@exit_on_bad_input
def main() -> None:
    parser = command("churn.compare", "All reports side by side.")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="the folder of the runs (default: runs)")
    parser.add_argument("--failed", default="", metavar="DEMOS", help="demos whose reports are from an earlier run")
    arguments = parser.parse_args()
    failed = [name for name in NAMES if DEMOS[name] in arguments.failed.split()]
    runs = side_by_side(arguments.runs, failed)
    print_side_by_side(runs, arguments.runs)
    console.print(f"\nthe same with plots: {write_page(runs, arguments.runs)}", soft_wrap=True)
    if failed:
        again = ", ".join(f"make {DEMOS[name]}" for name in failed)
        raise BadInput(f"not every pipeline has run; to see why: {again}")
    if different := [run.name for run in runs if run.disagrees]:
        sys.exit(f"error: not the same answer: {', '.join(different)}")


def print_side_by_side(runs: list[Run], folder: Path) -> None:
    reference, report = reference_of(runs)
    names = {run.name: styled(("●", COLOURS[run.name]), f" {run.name}") for run in runs}
    header = ["pipeline", "engine", "isolation", "answer", "seconds", "ROC-AUC", "campaign"]
    title = f"The same problem, {report.month}, side by side; answers are compared with {reference}"
    print_table(title, header, [[names[run.name], *_figures(run)] for run in runs])
    header = ["pipeline", "leaves behind", "where to look"]
    left = {run.name: left_behind(run, folder) if run.report else ("", f"make {DEMOS[run.name]}") for run in runs}
    print_table("What each run leaves besides its answer", header, [[names[run.name], *left[run.name]] for run in runs])
    lines = Table.grid(padding=(0, 2))
    for word, sentence in [*five_lines(runs), *missing(runs)]:
        lines.add_row(styled((word, "bold")), sentence)
    console.print(lines)


def _figures(run: Run) -> list[str]:
    if run.report is None:
        return ["", "", run.answer, "", "", ""]
    cells = [f"{run.report.engine['name']} {run.report.engine['version']}", run.report.isolation, run.answer]
    if not run.same_data:
        return [*cells, "", "", ""]
    scores = [f"{run.best('roc_auc'):.3f}", f"{run.best('campaign_value_eur'):,.0f} €"]
    return [*cells, "cached" if run.cached else f"{run.seconds:.1f}", *scores]


if __name__ == "__main__":
    main()
