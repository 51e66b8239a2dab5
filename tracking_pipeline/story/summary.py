"""The run report that all pipelines write: the baseline as MLflow gives it back, and what is live."""

from pathlib import Path

import mlflow
import polars as pl

from churn.evaluation.ceiling import ceiling_roc_auc
from churn.evaluation.scores import Scores
from churn.harness.command import OperatorData
from churn.harness.report import Report, StageClock, predictions_sha256
from churn.lake import partition
from churn.storage.months import add_months
from churn.train import training_and_holdout
from tracking_pipeline.deploy import PREDICTIONS, scored
from tracking_pipeline.gate import evaluated
from tracking_pipeline.pipeline import Generation
from tracking_pipeline.registry import OpenModel, open_champion, open_logged


def report_of(
    last: Generation, data: OperatorData, lake: Path, registered: str, clock: StageClock
) -> tuple[Report, pl.DataFrame]:
    """The report, and the baseline's predictions."""
    holdout = training_and_holdout(lake, last.month)[1]
    baseline = open_logged(last.baseline_uri)
    predictions = scored(baseline, lake, last.month)
    report = Report(
        pipeline="tracking",
        engine={"name": "mlflow", "version": mlflow.__version__},
        isolation="none",
        month=last.month,
        holdout_month=add_months(last.month, -1),
        seed=data.seed,
        customers=len(predictions),
        data_fingerprint=last.data_fingerprint,
        stages=clock.stages(),
        baseline=_entry(baseline, lake, last.month, holdout),
        best=_entry(open_champion(registered), lake, last.month, holdout),
        ceiling_roc_auc=ceiling_roc_auc(data.source.with_name("truth"), holdout),
        artifacts={
            "predictions": PREDICTIONS,
            "live_predictions": (partition(lake, "predictions", last.month) / PREDICTIONS)
            .relative_to(lake.parent)
            .as_posix(),
        },
    )
    return report, predictions


def _entry(model: OpenModel, lake: Path, month: str, holdout: pl.DataFrame) -> dict[str, float | str]:
    found = evaluated(model, holdout)
    scores = {name: found[name] for name in Scores.__annotations__}
    return {**scores, "predictions_sha256": predictions_sha256(scored(model, lake, month))}
