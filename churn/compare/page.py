"""One HTML page about all runs: tables from the reports, and three plots."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from churn.compare.plots import euros, roc_auc, seconds_by_stage
from churn.compare.runs import DEMOS, Run, reference_of
from churn.compare.words import five_lines, left_behind, missing
from churn.harness.page import page
from churn.harness.plots import svg
from churn.harness.report import STAGES
from churn.harness.same_answer import SAME_ANSWER
from churn.harness.terminal import COLOURS
from churn.storage.atomic import write_file

TEMPLATE = Path(__file__).with_name("compare.html.jinja")
CATEGORIES = {
    "plain": "a bare script",
    "workflow": "workflow pipeline",
    "data": "data pipeline",
    "data-dagster": "data pipeline",
    "model": "model pipeline",
    "tracking": "tracking pipeline",
    "together": "all four, nested",
    "notebooks": "notebooks, run in order",
}


def write_page(runs: Sequence[Run], folder: Path) -> Path:
    """Write `folder`/compare.html and return its path."""
    reference, report = reference_of(runs)
    same_data = [run for run in runs if run.same_data]
    content = page(
        TEMPLATE,
        title=f"The same problem, {report.month}, side by side",
        report=report,
        reference=reference,
        lines=[*five_lines(runs), *missing(runs)],
        runs=runs,
        same_data=same_data,
        compared=[run for run in runs if run.report and run.name != reference],
        left_behind={run.name: left_behind(run, folder) for run in runs},
        links={run.name: _links(run, folder) for run in runs},
        seconds_by_stage=svg(*seconds_by_stage(same_data)),
        roc_auc=svg(*roc_auc(same_data, report.ceiling_roc_auc)),
        euros=svg(*euros(same_data)),
        short=_short,
        SAME_ANSWER=SAME_ANSWER,
        STAGES=STAGES,
        COLOURS=COLOURS,
        CATEGORIES=CATEGORIES,
        DEMOS=DEMOS,
    )
    write_file(folder / "compare.html", content)
    return folder / "compare.html"


def _links(run: Run, folder: Path) -> list[tuple[str, str]]:
    """Return text and address of each file that the run left. Addresses are relative to the page."""
    paths = {"report": "report.json", **run.report.artifacts} if run.report else {}
    there = {name: f"{run.name}/{path}" for name, path in paths.items() if (folder / run.name / path).is_file()}
    return [(name.replace("_", " "), quote(path)) for name, path in there.items()]


def _short(seconds: float) -> str:
    return f"{seconds:.{2 if seconds < 10 else 1 if seconds < 100 else 0}f}"
