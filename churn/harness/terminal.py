"""The output of a pipeline at work and when it is done: a progress bar, and short tables."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from churn.harness.visible import visible

if TYPE_CHECKING:
    from churn.harness.report import Report

# One colour per category, everywhere: terminal, plots, diagrams. Okabe & Ito's palette, and a brown: safe for
# colour-blind readers.
COLOURS = {
    "plain": "#666666",
    "workflow": "#0072B2",
    "data": "#009E73",
    "data-dagster": "#56B4E9",
    "model": "#D55E00",
    "tracking": "#CC79A7",
    "together": "#E69F00",
    "notebooks": "#8B5A2B",
}

FIGURE = re.compile(r"[−-]?\d")
WIDTH_OF_A_LOG = 110  # a terminal tells its own, and `make demo` passes it on as COLUMNS
if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
    sys.stdout.reconfigure(errors="replace")  # in ASCII, "€" is printed as "?"
knows_its_width = sys.stdout.isatty() or "COLUMNS" in os.environ


class PlainConsole(Console):
    """Rich's console, without its markup: `[/month]` in the name of a user's column is a name. See `styled`."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


console = PlainConsole(highlight=False, markup=False, emoji=False, width=None if knows_its_width else WIDTH_OF_A_LOG)


def styled(*parts: str | tuple[str, str]) -> Text:
    """Return a text with some parts in a style: `styled(("incident", "red"), " in June")`."""
    return Text.assemble(*(visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts))


class Bar:
    """One line of progress; `advance` may be called from any thread."""

    def __init__(self, progress: Progress, description: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(visible(description), total=total)

    def advance(self, steps: int = 1) -> None:
        self._progress.advance(self._task, steps)

    def say(self, description: str) -> None:
        self._progress.update(self._task, description=visible(description))


@contextmanager
def progress_bar(description: str, total: int, pipeline: str = "plain") -> Iterator[Bar]:
    """Show a bar of `total` steps in the pipeline's colour. In a log file only its last state is printed."""
    columns = (
        TextColumn("{task.description:<34}", markup=False),
        BarColumn(bar_width=30, complete_style=COLOURS[pipeline], finished_style=COLOURS[pipeline]),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bar(progress, description, total)


def print_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str | Text]], pipeline: str = "plain"
) -> None:
    """Print a small table: numeric columns right-aligned, text columns left-aligned."""
    table = Table(box=SIMPLE_HEAD, header_style="bold")
    for number, name in enumerate(header):
        figures = number > 0 and all(FIGURE.match(str(row[number])) for row in rows if row[number])
        table.add_column(name, justify="right" if figures else "left")
    for row in rows:
        table.add_row(*row)
    console.print(f"\n{title}", style=f"bold {COLOURS[pipeline]}", soft_wrap=True)
    console.print(table)


def print_stages(report: "Report") -> None:
    """Print how many customers were scored, and the seconds of each stage; a status only where one was not executed."""
    executed = all(stage.status == "ok" for stage in report.stages)
    print_table(
        f"{report.pipeline}: {report.customers:,} customers of {report.month} scored; held out: {report.holdout_month}",
        ["stage", "seconds", *([] if executed else ["status"])],
        [[stage.name, f"{stage.seconds:.2f}", *([] if executed else [stage.status])] for stage in report.stages],
        report.pipeline,
    )


def print_scores(report: "Report") -> None:
    """Print what the baseline, and the best model if there is one, reached on the holdout month."""
    best_possible = f", {report.ceiling_roc_auc:.3f} is the best possible here" if report.ceiling_roc_auc else ""
    for name, scores in (("baseline", report.baseline), ("best model", report.best)):
        if scores:
            roc_auc = f"ROC-AUC {scores['roc_auc']:.3f} (0.5 is guessing{best_possible})"
            console.print(f"{name}: {roc_auc}; campaign {scores['campaign_value_eur']:,.0f} €", soft_wrap=True)
