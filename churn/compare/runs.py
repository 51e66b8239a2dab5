"""The runs to lay side by side, and whether each gave the same answer as the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from churn.harness.errors import BadInput
from churn.harness.report import Report, read_report
from churn.harness.terminal import COLOURS

SAME_ANSWER = 1e-6  # the largest difference between two predictions of the same customer
NAMES = tuple(COLOURS)  # the plain answer first
EXPECTED = tuple(name for name in NAMES if name != "together")
DEMOS = {name: f"demo-{name}" for name in NAMES} | {"data-dagster": "demo-dagster"}  # make's targets


@dataclass(frozen=True)
class Run:
    """A pipeline, and what its last run left: None if it failed this time, or never ran."""

    name: str
    report: Report | None
    answer: str  # against the reference, in a few words
    difference: float | None = None  # the largest, over all customers; None where no two can be compared

    @property
    def same_data(self) -> bool:
        return self.report is not None and self.answer != "other data"

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.report.stages) if self.report else 0.0

    @property
    def cached(self) -> bool:
        """Some stage was not executed, so the seconds say nothing about the engine."""
        return self.report is not None and any(stage.status == "cached" for stage in self.report.stages)


def side_by_side(folder: Path, failed: Sequence[str] = ()) -> list[Run]:
    """All pipelines in their order; those compared are compared with the first that has a report, the plain answer.

    What stands in the folder of a pipeline that has just `failed` is from an earlier run, and is left out. Raises
    BadInput if there is no report at all.
    """
    paths = {name: folder / name / "report.json" for name in NAMES if name not in failed}
    reports = {name: read_report(path) for name, path in paths.items() if path.is_file()}
    if not reports:
        raise BadInput(f"there is no report in {folder}: run make demo-plain first")
    reference = next(iter(reports))
    runs = []
    for name in NAMES:
        if name in reports:
            answer, difference = _agreement(folder, reports, name, reference)
            runs.append(Run(name, reports[name], answer, difference))
        elif name in failed or name in EXPECTED:
            runs.append(Run(name, None, "failed" if name in failed else "not run"))
    return runs


def reference_of(runs: Sequence[Run]) -> tuple[str, Report]:
    """The name and the report of the run that the others are compared with."""
    return next((run.name, run.report) for run in runs if run.report)


def largest_difference(one: Path, other: Path) -> float | None:
    """Between the predictions of two runs, over all customers; None if they scored different customers."""
    left, right = (pl.read_parquet(folder / "predictions.parquet").sort("customer_id") for folder in (one, other))
    if not left["customer_id"].equals(right["customer_id"]):
        return None
    difference = (left["churn_probability"] - right["churn_probability"]).abs().max()
    return float(difference)  # type: ignore[arg-type]  # never a date


def _agreement(folder: Path, reports: dict[str, Report], name: str, reference: str) -> tuple[str, float | None]:
    if name == reference:
        return "reference", None
    ours, theirs = reports[name], reports[reference]
    if (ours.month, ours.data_fingerprint) != (theirs.month, theirs.data_fingerprint):
        return "other data", None
    difference = largest_difference(folder / reference, folder / name)
    if difference is None:
        return "other customers", None
    return "the same" if difference <= SAME_ANSWER else f"differs by {difference:.1g}", difference
