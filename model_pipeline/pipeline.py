"""The wiring: every month goes through the first three stages, then both models learn from all of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl

from churn.evaluation.scores import Scores
from churn.harness.report import StageClock
from churn.storage.months import add_months
from model_pipeline.build import build
from model_pipeline.collect import collect
from model_pipeline.deploy import deploy
from model_pipeline.process import process
from model_pipeline.terminal.progress import SearchProgress
from model_pipeline.train import train
from model_pipeline.validate import validate


def run(
    source: Path,
    lake: Path,
    months: list[str],
    *,
    seed: int,
    clock: StageClock,
    advance: Callable[[], object] = lambda: None,
) -> tuple[Scores, pl.DataFrame]:
    """Take `months` through the six stages, in a new lake. Return the baseline's scores and predictions.

    `advance` is called once a month, and SearchProgress calls it during the search.
    """
    newest = months[-1]
    shutil.rmtree(lake, ignore_errors=True)
    for month in months:
        with clock.stage("collect"):
            collect(source, lake, month)
        with clock.stage("validate"):
            late_rows = validate(lake, month).late_rows
        with clock.stage("process"):
            if late_rows and month != months[0]:
                process(lake, add_months(month, -1))  # again, because some of its rows have only now arrived
            process(lake, month)
        advance()
    with clock.stage("build"):
        build(lake, newest)
    with clock.stage("train"):
        scores = train(lake, newest, seed=seed, callbacks=[SearchProgress(advance)])
    with clock.stage("deploy"):
        predictions = deploy(lake, newest)
    return scores, predictions
