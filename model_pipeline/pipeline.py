"""The wiring, and nothing else: every month through the first three stages, then one model from all of them."""

import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from churn.collect import data_fingerprint
from churn.harness.report import Report, StageClock, predictions_sha256, write_report
from churn.storage.months import add_months
from model_pipeline.build import build
from model_pipeline.card.evaluate import Holdout
from model_pipeline.card.show import show
from model_pipeline.collect import collect
from model_pipeline.deploy import deploy
from model_pipeline.process import process
from model_pipeline.train import train
from model_pipeline.validate import validate


def run(
    source: Path,
    folder: Path,
    months: list[str],
    seed: int | None,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Report, Holdout]:
    """Take every month up to the last through the six stages; write the report and what a person looks at to
    `folder`.

    Returns both models' answers for the holdout month too. `advance` is called per month, during the search,
    and at the end.
    """
    lake, newest = folder / "lake", months[-1]
    shutil.rmtree(lake, ignore_errors=True)
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
    with clock.stage("build"):
        build(lake, newest)
    with clock.stage("train"):
        baseline, best = train(lake, newest, seed or 0, advance)
    with clock.stage("deploy"):
        predictions, calls = deploy(lake, newest)
        holdout, artifacts = show(lake, newest, source.with_name("truth"), folder, seed)
    advance()
    report = Report(
        pipeline="model",
        engine={"name": "scikit-learn", "version": version("scikit-learn")},
        isolation="none",
        month=newest,
        holdout_month=add_months(newest, -1),
        seed=seed,
        customers=len(predictions),
        data_fingerprint=data_fingerprint(lake, newest),
        stages=clock.stages(),
        baseline={**baseline.as_dict(), "predictions_sha256": predictions_sha256(predictions)},
        best={**best.as_dict(), "predictions_sha256": predictions_sha256(calls)},
        ceiling_roc_auc=holdout.ceiling,
        artifacts=artifacts,
    )
    write_report(folder, report, predictions)
    return report, holdout
