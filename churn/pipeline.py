"""The bare script: six functions, one after another. Each pipeline's additions are measured against this."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl

from churn.build import build
from churn.collect import collect
from churn.deploy import deploy
from churn.evaluation.scores import Scores
from churn.harness.report import StageClock
from churn.process import process
from churn.storage.months import add_months
from churn.train import train
from churn.validate import validate


def run(
    source: Path,
    lake: Path,
    months: list[str],
    *,
    clock: StageClock,
    advance: Callable[[], object] = lambda: None,
) -> tuple[Scores, pl.DataFrame]:
    """Take `months` through the six stages, in a new lake. Return the scores and the predictions of the newest month.

    `advance` is called once a month.
    """
    newest = months[-1]
    shutil.rmtree(lake, ignore_errors=True)  # a bare script remembers nothing: it starts over every time
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
        scores = train(lake, newest)
    with clock.stage("deploy"):
        predictions = deploy(lake, newest)
    return scores, predictions
