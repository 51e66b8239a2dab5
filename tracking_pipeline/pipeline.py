"""One month: six stages, each a run under the month's run. MLflow runs none of it: this function does."""

from pathlib import Path

import mlflow
import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.scores import Scores
from churn.lake import months_of
from churn.storage.months import add_months
from tracking_pipeline.build import build
from tracking_pipeline.collect import collect
from tracking_pipeline.deploy import deploy
from tracking_pipeline.process import process
from tracking_pipeline.record import month_run, stage_run
from tracking_pipeline.train import train
from tracking_pipeline.validate import validate


def run(source: Path, lake: Path, months: list[str], seed: int | None) -> tuple[Scores, pl.DataFrame]:
    """Take `months`, those that the lake lacks, through the data stages; train and deploy for the last of them.

    Returns the baseline's scores and predictions. Everything else is found in MLflow.
    """
    newest = months[-1]
    with month_run(newest, seed):
        with stage_run("collect"):
            for month in months:
                collect(source, lake, month)
        mlflow.set_tag("data_fingerprint", data_fingerprint(lake, newest))
        with stage_run("validate"):
            have_late_rows = {month for month in months if validate(lake, month).late_rows}
        with stage_run("process"):
            for month in months:
                previous = add_months(month, -1)
                if month in have_late_rows and previous in months_of(lake, "features"):
                    process(lake, previous)  # restated: some of its rows have only now arrived
                process(lake, month)
        with stage_run("build"):
            build(lake, newest)
        with stage_run("train"):
            scores = train(lake, newest)
        with stage_run("deploy"):
            predictions = deploy(lake, newest)
    return scores, predictions
