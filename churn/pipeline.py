"""The bare script: six functions, one after another, and nothing else. What the four pipelines add is measured
against this.
"""

import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from churn.build import build
from churn.collect import collect, data_fingerprint
from churn.deploy import deploy
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.report import Report, StageClock, predictions_sha256, write_report
from churn.lake import partition
from churn.process import process
from churn.storage.months import add_months
from churn.train import train, training_and_holdout
from churn.validate import validate


def run(
    source: Path,
    folder: Path,
    months: list[str],
    seed: int | None,
    advance: Callable[[], object] = lambda: None,
) -> Report:
    """Take every month up to the last through the six stages; write the report to `folder`. `advance` is called per
    month.
    """
    lake = folder / "lake"
    shutil.rmtree(lake, ignore_errors=True)  # a bare script remembers nothing: it starts over every time
    clock = StageClock()
    for month in months:
        with clock.stage("collect"):
            collect(source, lake, month)
        with clock.stage("validate"):
            late_rows = validate(lake, month).late_rows
        with clock.stage("process"):
            if late_rows and month != months[0]:
                process(lake, add_months(month, -1))  # restated: some of its rows have only now arrived
            process(lake, month)
        advance()
    newest = months[-1]
    with clock.stage("build"):
        build(lake, newest)
    with clock.stage("train"):
        scores = train(lake, newest)
    with clock.stage("deploy"):
        predictions = deploy(lake, newest)
    report = Report(
        pipeline="plain",
        engine={"name": "python", "version": platform.python_version()},
        isolation="none",
        month=newest,
        holdout_month=add_months(newest, -1),
        seed=seed,
        customers=len(predictions),
        data_fingerprint=data_fingerprint(lake, newest),
        stages=clock.stages(),
        baseline={**scores.as_dict(), "predictions_sha256": predictions_sha256(predictions)},
        ceiling_roc_auc=ceiling_roc_auc(source.with_name("truth"), training_and_holdout(lake, newest)[1]),
        artifacts={"model": "model.skops", "predictions": "predictions.parquet"},
    )
    shutil.copyfile(partition(lake, "model", newest) / "model.skops", folder / "model.skops")  # outlives the lake
    write_report(folder, report, predictions)
    return report
