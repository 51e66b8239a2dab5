"""The run report: every run of every pipeline writes the same two files, so that `make compare` can compare them.

runs/<name>/predictions.parquet     customer_id, churn_probability of the baseline for the newest month, sorted by id
runs/<name>/report.json             described by report.schema.json; written last, so a report means a finished run
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Literal

import polars as pl

from churn.harness.errors import BadInput
from churn.storage.atomic import write_file

if TYPE_CHECKING:
    from churn.harness.command import OperatorData

STAGES = ("collect", "validate", "process", "build", "train", "deploy")
LARGEST_NUMBER = 1e15  # euros, seconds, customers: more is no result of ours
Isolation = Literal["container", "process", "none"]


@dataclass(frozen=True)
class Stage:
    """One of the six stages of a run."""

    name: str
    seconds: float  # over all months
    status: str  # "ok", "cached" or "failed"


@dataclass
class Report:
    """One run. Paths in `artifacts` are relative to the report's folder. `seed` is None for data not simulated here."""

    pipeline: str
    engine: dict[str, str]  # name, version
    isolation: Isolation
    month: str
    holdout_month: str
    seed: int | None
    customers: int
    data_fingerprint: str
    stages: list[Stage]
    baseline: dict[str, float | str]
    ceiling_roc_auc: float | None
    best: dict[str, float | str] | None = None
    artifacts: dict[str, str] = field(default_factory=dict)


class StageClock:
    """Add up the seconds that each stage takes, over all months."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def stages(self) -> list[Stage]:
        return [Stage(name, round(seconds, 3), "ok") for name, seconds in self.seconds.items()]


def report_on(
    folder: Path,
    data: "OperatorData",
    *,
    engine: dict[str, str],
    isolation: Isolation,
    stages: Sequence[Stage],
    fingerprint: str,
    predictions: pl.DataFrame,
    baseline: Mapping[str, float],
    ceiling: float | None,
    best: Mapping[str, float] | None = None,
    best_predictions: pl.DataFrame | None = None,
    artifacts: Mapping[str, str] | None = None,
) -> Report:
    """Write both files of a finished run to `folder`, the report last, and return the report.

    `predictions` are the baseline's for the newest month. `baseline` and `best` are scores on the holdout month, as
    `Scores.as_dict` gives them; `best_predictions` belong to `best`. The pipeline has the name of the folder.
    """
    report = Report(
        pipeline=folder.name,
        engine=engine,
        isolation=isolation,
        month=data.newest,
        holdout_month=data.holdout_month,
        seed=data.seed,
        customers=len(predictions),
        data_fingerprint=fingerprint,
        stages=list(stages),
        baseline={**baseline, "predictions_sha256": predictions_sha256(predictions)},
        ceiling_roc_auc=ceiling,
        artifacts=dict(artifacts or {}),
    )
    if best is not None and best_predictions is not None:
        report.best = {**best, "predictions_sha256": predictions_sha256(best_predictions)}
    write_report(folder, report, predictions)
    return report


def write_report(folder: Path, report: Report, predictions: pl.DataFrame) -> Path:
    """Write both files to `folder`, the report last, and return the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / ".predictions.parquet.new"
    predictions.select("customer_id", "churn_probability").sort("customer_id").write_parquet(hidden)
    hidden.replace(folder / "predictions.parquet")
    content = asdict(report)
    content = {name: value for name, value in content.items() if name != "best" or value is not None}
    write_file(folder / "report.json", json.dumps(content, indent=1) + "\n")
    return folder / "report.json"


def read_report(path: Path) -> Report:
    """Read a report.json. Raises BadInput when it is not a run report, as report.schema.json describes it."""
    from jsonschema import Draft202012Validator  # not at the top: it takes a while, and most commands only write

    schema = json.loads(Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
    try:
        content = json.loads(
            path.read_text(encoding="utf-8"), parse_int=_number, parse_float=_number, parse_constant=_number
        )
        if problem := next(Draft202012Validator(schema).iter_errors(content), None):
            raise ValueError(f"{problem.json_path}: {shortened(problem.message)}")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not a run report ({error}): run the pipeline again") from error
    return Report(**{**content, "stages": [Stage(**stage) for stage in content["stages"]]})


def _number(text: str) -> float:
    """Return a number of a report. Raise ValueError for one that nothing can be computed with, such as 1e999."""
    number = float(text)
    if not abs(number) < LARGEST_NUMBER:
        raise ValueError(f"{shortened(text)} is no number of a report")
    return number if set(text) - set("-0123456789") else int(text)


def predictions_sha256(predictions: pl.DataFrame) -> str:
    """Return the SHA-256 of ids and probabilities, to the last bit: equal only when the answers are identical."""
    ordered = predictions.sort("customer_id")
    digest = hashlib.sha256(ordered["customer_id"].to_numpy().tobytes())
    digest.update(ordered["churn_probability"].to_numpy().tobytes())
    return digest.hexdigest()
