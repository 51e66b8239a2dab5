"""The run report: the same two files from every run of every pipeline, so that they can be laid side by side.

runs/<name>/predictions.parquet     customer_id, churn_probability of the baseline for the newest month, sorted by id
runs/<name>/report.json             what report.schema.json describes; written last, so a report means a finished run
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from churn.harness.errors import BadInput
from churn.lake import write_file

STAGES = ("collect", "validate", "process", "build", "train", "deploy")


@dataclass(frozen=True)
class Stage:
    """One of the six stages of a run."""

    name: str
    seconds: float  # over all months
    status: str  # "ok", "cached" or "failed"


@dataclass
class Report:
    """One run. Paths in `artifacts` are relative to the report's folder; `seed` is None for data that nobody
    simulated.
    """

    pipeline: str
    engine: dict[str, str]  # name, version
    isolation: Literal["container", "process", "none"]
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
    """Adds up what each stage takes, over all months."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def stages(self) -> list[Stage]:
        return [Stage(name, round(seconds, 3), "ok") for name, seconds in self.seconds.items()]


def write_report(folder: Path, report: Report, predictions: pl.DataFrame) -> Path:
    """Write both files to `folder`, the report last; return the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / ".predictions.parquet.new"
    predictions.select("customer_id", "churn_probability").sort("customer_id").write_parquet(hidden)
    hidden.replace(folder / "predictions.parquet")
    content = asdict(report)
    content = {name: value for name, value in content.items() if name != "best" or value is not None}
    write_file(folder / "report.json", json.dumps(content, indent=1) + "\n")
    return folder / "report.json"


def read_report(path: Path) -> Report:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Report(**{**content, "stages": [Stage(**stage) for stage in content["stages"]]})
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path} is not a run report ({error}): run the pipeline again") from error


def predictions_sha256(predictions: pl.DataFrame) -> str:
    """SHA-256 of ids and probabilities, to the last bit: equal only when the answers are identical."""
    ordered = predictions.sort("customer_id")
    digest = hashlib.sha256(ordered["customer_id"].to_numpy().tobytes())
    digest.update(ordered["churn_probability"].to_numpy().tobytes())
    return digest.hexdigest()
