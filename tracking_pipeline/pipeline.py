"""One month: six stages, each a run under the month's own. MLflow runs none of it: this function does."""

from dataclasses import dataclass
from pathlib import Path

import mlflow
import polars as pl
from mlflow.entities.model_registry import ModelVersion

from churn.harness.report import StageClock
from churn.train import training_and_holdout
from tracking_pipeline.build import build
from tracking_pipeline.collect import collect
from tracking_pipeline.deploy import deploy
from tracking_pipeline.process import process
from tracking_pipeline.promote import Decision, decide
from tracking_pipeline.record import child_run, month_run
from tracking_pipeline.train import Trial, train
from tracking_pipeline.validate import validate


@dataclass(frozen=True)
class Generation:
    """What one month brought."""

    month: str
    run_id: str
    data_fingerprint: str
    trials: list[Trial]  # best first
    baseline_uri: str
    challenger: ModelVersion
    decision: Decision
    predictions: pl.DataFrame  # by what is live


def run(
    source: Path, lake: Path, months: list[str], registered: str, tags: dict[str, str], clock: StageClock
) -> Generation:
    """Take `months`, those that the lake lacks, through the data stages; train for the last of them; decide."""
    month = months[-1]
    with month_run(tags) as parent:
        with clock.stage("collect"), child_run("collect", tags):
            tags = {**tags, "data_fingerprint": collect(source, lake, months)}
        mlflow.set_tag("data_fingerprint", tags["data_fingerprint"])
        with clock.stage("validate"), child_run("validate", tags):
            restates = validate(lake, months)
        with clock.stage("process"), child_run("process", tags):
            process(lake, months, restates)
        with clock.stage("build"), child_run("build", tags):
            build(lake, month)
        with clock.stage("train"), child_run("train", tags):
            trials, baseline_uri, challenger = train(lake, month, registered, tags)
        with clock.stage("deploy"), child_run("deploy", tags):
            decision = decide(challenger, training_and_holdout(lake, month)[1], tags)
            predictions = deploy(lake, month, registered)
    return Generation(
        month, parent.info.run_id, tags["data_fingerprint"], trials, baseline_uri, challenger, decision, predictions
    )
