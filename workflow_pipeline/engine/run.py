"""One run on this machine: the graph by kfp's local engine, watched step by step, and the report from what it made."""

import fcntl
import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TextIO

import polars as pl
from docker import DockerClient
from docker.errors import ImageNotFound

from churn.harness.command import OperatorData
from churn.harness.errors import BadInput, ContractBroken
from churn.harness.report import Report, Stage, predictions_sha256, read_report
from churn.storage.months import add_months
from workflow_pipeline.artifacts import digest_of, raise_if_edited
from workflow_pipeline.engine.runner import ENGINE_FAILURES, run_in_containers, run_in_processes, sweep
from workflow_pipeline.images import ENVIRONMENT
from workflow_pipeline.pipeline import churn_pipeline


class Steps(logging.Filter):
    """Watches the engine's log for steps that begin, end, or are taken from the cache."""

    def __init__(self, advance: Callable[[str], object]) -> None:
        super().__init__()
        self.stages: list[Stage] = []
        self._advance = advance
        self._started = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        said = re.sub(r"\033\[\d+m", "", record.getMessage())
        if re.match(r"Executing task", said):
            self._started = time.perf_counter()
        elif found := re.match(r"Task '(\w+)' finished with status SUCCESS|Task (\w+) cache hit", said):
            ran, cached = found.groups()
            if (name := ran or cached) in ENVIRONMENT:
                seconds = time.perf_counter() - self._started if ran else 0.0
                self.stages.append(Stage(name, round(seconds, 3), "ok" if ran else "cached"))
                self._advance(name)
        return True


def run_graph(
    source: Path, folder: Path, months: list[str], client: DockerClient | None, advance: Callable[[str], object]
) -> tuple[dict[str, Any], list[Stage]]:
    """Run the graph in `folder`, all that the engine says going to `folder`/log.txt; return artifacts and stages.

    Raises ContractBroken or BadInput with the sentence of the step that failed.
    """
    folder, source = folder.resolve(), source.resolve()
    (folder / "steps").mkdir(parents=True, exist_ok=True)
    steps = Steps(advance)
    with _alone_in(folder), (folder / "log.txt").open("w", encoding="utf-8", buffering=1) as log:
        sweep(client, folder / "steps")
        if client is None:
            run_in_processes(folder / "steps")
        else:
            run_in_containers(client, folder / "steps", source)
        try:
            with redirect_stdout(log), _listening(steps, log), warnings.catch_warnings(action="ignore"):
                made = churn_pipeline(
                    source_uri=str(source), source_sha256=digest_of(source), months=months, month=months[-1]
                ).outputs
        except ImageNotFound as error:
            raise BadInput(f"{error.explanation}: it was there when the run began; the next run builds it") from error
        except ENGINE_FAILURES as error:
            raise BadInput(f"the Docker engine failed ({error}): once it answers, the next run goes on") from error
        except RuntimeError as error:
            raise _sentence_of(folder / "log.txt", error) from error
    for artifact in made.values():
        if "sha256" in artifact.metadata:
            raise_if_edited(artifact)
    return made, steps.stages


def report_of(
    made: dict[str, Any],
    stages: list[Stage],
    data: OperatorData,
    isolation: Literal["container", "none"],
    last_report: Path,
) -> tuple[Report, pl.DataFrame]:
    """The report and the predictions, read from what the graph left behind."""
    month = data.months[-1]
    predictions = pl.read_parquet(
        Path(made["predictions"].path) / f"month={month}" / "*.parquet", hive_partitioning=False
    )
    sha256 = predictions_sha256(predictions)
    known = read_report(last_report) if last_report.is_file() else None
    if known and known.baseline["predictions_sha256"] == sha256 and all(stage.status == "cached" for stage in stages):
        ceiling = known.ceiling_roc_auc  # nothing ran: spare the second that scikit-learn takes to import
    else:
        from churn.evaluation.ceiling import ceiling_roc_auc

        holdout = Path(made["training"].path) / f"month={month}" / "holdout.parquet"
        ceiling = ceiling_roc_auc(data.source.with_name("truth"), pl.read_parquet(holdout))
    report = Report(
        pipeline="workflow",
        engine={"name": "kfp", "version": version("kfp")},
        isolation=isolation,
        month=month,
        holdout_month=add_months(month, -1),
        seed=data.seed,
        customers=len(predictions),
        data_fingerprint=made["raw"].metadata["data_fingerprint"],
        stages=stages,
        baseline={**made["scores"].metadata, "predictions_sha256": sha256},
        ceiling_roc_auc=ceiling,
        artifacts={"model": "model.skops", "predictions": "predictions.parquet", "log": "log.txt"},
    )
    return report, predictions


def _sentence_of(log: Path, error: Exception) -> Exception:
    """What the failed step had to say, as it said it; kfp itself reports only that it failed."""
    text = log.read_text(encoding="utf-8")
    said = re.findall(r"^\s*churn\.harness\.errors\.(BadInput|ContractBroken): (.+)$", text, re.MULTILINE)
    if said:
        kind, sentence = said[-1]
        return {"BadInput": BadInput, "ContractBroken": ContractBroken}[kind](sentence)
    step = re.search(r"Inner task failed: (?:\033\[\d+m)?'?([\w-]+)", str(error))
    last_words = re.findall(r"^(.*\S.*)\n.* - ERROR - Task", text, re.MULTILINE)
    return BadInput(
        f"the step {step[1] if step else 'at work'} failed ({last_words[-1].strip() if last_words else error}); "
        f"all it said is in {log}"
    )


@contextmanager
def _listening(steps: Steps, log: TextIO) -> Iterator[None]:
    """Put the filter on the root logger: kfp logs there, and swaps its handlers, but not its filters."""
    root = logging.getLogger()
    level, handler = root.level, logging.StreamHandler(log)
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    root.addFilter(steps)
    try:
        yield
    finally:
        root.removeFilter(steps)
        root.removeHandler(handler)
        root.setLevel(level)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two runs in one folder would sweep each other away."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(
                f"another run is at work in {folder}: wait for it, or give this one another folder"
            ) from error
        yield
