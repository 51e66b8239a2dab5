"""The runs to compare, and whether each gave the same answer as the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from churn.harness.errors import BadInput
from churn.harness.report import Report, read_report
from churn.harness.same_answer import SAME_ANSWER, largest_difference
from churn.harness.terminal import COLOURS

NAMES = tuple(COLOURS)  # the plain answer first
EXPECTED = tuple(name for name in NAMES if name not in ("together", "notebooks"))
DEMOS = {name: f"demo-{name}" for name in NAMES} | {
    "data-dagster": "demo-dagster",
    "notebooks": "notebooks",
}  # make's targets

PREDICTIONS = {"customer_id": pl.Int64(), "churn_probability": pl.Float64()}


@dataclass(frozen=True)
class Run:
    """A pipeline and the report of its last run. The report is None if the run failed, or if there was none."""

    name: str
    report: Report | None
    answer: str  # compared with the reference, in a few words
    difference: float | None = None  # the largest over all customers; None where nothing was compared

    @property
    def same_data(self) -> bool:
        return self.report is not None and self.answer != "other data"

    @property
    def disagrees(self) -> bool:
        return self.same_data and self.answer not in ("reference", "the same")

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.report.stages) if self.report else 0.0

    @property
    def cached(self) -> bool:
        """Tell whether some stage was not executed: the seconds then say nothing about the engine."""
        return self.report is not None and any(stage.status == "cached" for stage in self.report.stages)

    @property
    def without_docker(self) -> bool:
        """Tell whether this is the workflow pipeline on a machine without a Docker engine."""
        return self.name == "workflow" and self.report is not None and self.report.isolation == "none"

    def baseline(self, score: str) -> float:
        assert self.report is not None
        return float(self.report.baseline[score])

    def best(self, score: str) -> float:
        """Return a score of the best model, which is the baseline if the pipeline searched for no other."""
        assert self.report is not None
        return float((self.report.best or self.report.baseline)[score])


def side_by_side(folder: Path, failed: Sequence[str] = ()) -> list[Run]:
    """Return all pipelines in their order. The first that has a report is the reference for the others.

    A report in the folder of a pipeline that has just `failed` is from an earlier run and is left out. Raises BadInput
    if there is no report at all.
    """
    paths = {name: folder / name / "report.json" for name in NAMES if name not in failed}
    reports = {name: read_report(path) for name, path in paths.items() if path.is_file()}
    if not reports:
        raise BadInput(f"there is no report in {folder}: run make demo-plain first")
    reference = next(iter(reports))
    runs = []
    for name in NAMES:
        if name in reports:
            runs.append(Run(name, reports[name], *_agreement(folder, reports, name, reference)))
        elif name in failed or name in EXPECTED:
            runs.append(Run(name, None, "failed" if name in failed else "not run"))
    return runs


def reference_of(runs: Sequence[Run]) -> tuple[str, Report]:
    """Return the name and the report of the run that the others are compared with."""
    return next((run.name, run.report) for run in runs if run.report)


def _agreement(folder: Path, reports: dict[str, Report], name: str, reference: str) -> tuple[str, float | None]:
    if name == reference:
        return "reference", None
    ours, theirs = reports[name], reports[reference]
    if (ours.month, ours.data_fingerprint) != (theirs.month, theirs.data_fingerprint):
        return "other data", None
    difference = largest_difference(*(_predictions(folder / each) for each in (name, reference)))
    if difference == float("inf"):
        return "other customers", None
    return "the same" if difference <= SAME_ANSWER else f"differs by {difference:.1g}", difference


def _predictions(folder: Path) -> pl.DataFrame:
    """Return the predictions of a run. Raise BadInput when they are missing, damaged, or no predictions."""
    try:
        return pl.read_parquet(folder / "predictions.parquet", schema=PREDICTIONS, glob=False)
    except (PolarsError, PanicException, FileNotFoundError) as error:
        reason, again = str(error).splitlines()[0], f"make {DEMOS[folder.name]} writes them again"
        raise BadInput(f"{folder / 'predictions.parquet'} has no predictions ({reason}): {again}") from error
