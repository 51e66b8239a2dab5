"""`make compare`, which is also the end of `make demo`: the table, five lines about it, and a page with plots.

It exits with 1 where two pipelines have answered differently.
"""

import argparse
import sys
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from churn.compare.page import write_page
from churn.compare.runs import DEMOS, NAMES, Run, reference_of, side_by_side
from churn.compare.words import five_lines, left_behind, missing
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import COLOURS, console


@exit_on_bad_input
def main() -> None:
    command = argparse.ArgumentParser(prog="python -m churn.compare", description="All reports side by side.")
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where they are (default: runs)")
    command.add_argument("--failed", default="", metavar="DEMOS", help="demos whose reports are from an earlier run")
    arguments = command.parse_args()
    failed = [name for name in NAMES if DEMOS[name] in arguments.failed.split()]
    runs = side_by_side(arguments.runs, failed)
    print_side_by_side(runs, arguments.runs)
    page = write_page(runs, arguments.runs)
    console.print(f"\nall of it with plots: {page}")
    if failed:
        again = ", ".join(f"make {DEMOS[name]}" for name in failed)
        raise BadInput(f"not every pipeline has run; to see why: {again}")
    if different := [run.name for run in runs if run.same_data and run.answer not in ("reference", "the same")]:
        sys.exit(f"error: not the same answer: {', '.join(different)}")


def print_side_by_side(runs: list[Run], folder: Path) -> None:
    reference, report = reference_of(runs)
    figures = _table("pipeline", "engine", "isolation", "answer", "seconds", "ROC-AUC", "campaign")
    besides = _table("pipeline", "leaves behind", "where to look")
    for run in runs:
        name = f"[{COLOURS[run.name]}]●[/] {run.name}"
        if run.report is None:
            figures.add_row(name, "", "", run.answer)
            besides.add_row(name, "nothing yet" if run.answer == "not run" else "", f"make {DEMOS[run.name]}")
            continue
        engine = f"{run.report.engine['name']} {run.report.engine['version']}"
        cells = [name, engine, run.report.isolation, run.answer]
        if run.same_data:
            scores = run.report.best or run.report.baseline
            cells.append("cached" if run.cached else f"{run.seconds:.1f}")
            cells += [f"{scores['roc_auc']:.3f}", f"{scores['campaign_value_eur']:,.0f} €"]
        figures.add_row(*cells)
        besides.add_row(name, *left_behind(run, folder))
    console.print(f"\n[bold]The same problem, {report.month}, side by side; answers are compared with {reference}[/]")
    console.print(figures, besides)
    lines = Table.grid(padding=(0, 2))
    for word, sentence in [*five_lines(runs), *missing(runs)]:
        lines.add_row(f"[bold]{word}[/]", sentence)
    console.print(lines)


def _table(*header: str) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold")
    for name in header:
        table.add_column(name, justify="right" if name in ("seconds", "ROC-AUC", "campaign") else "left")
    return table


if __name__ == "__main__":
    main()
