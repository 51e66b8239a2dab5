"""The run report of a month that the data pipeline has scored, whichever engine it ran on."""

import json
from pathlib import Path
from typing import Literal

import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.command import OperatorData
from churn.harness.report import Report, Stage, predictions_sha256, write_report
from churn.lake import existing_partition
from churn.storage.months import add_months
from churn.train import training_and_holdout


def report_on(
    folder: Path,
    engine: dict[str, str],
    isolation: Literal["process", "none"],
    data: OperatorData,
    stages: list[Stage],
) -> Report:
    """Read what the run left in `folder`/lake, write the report to `folder`, and return it."""
    lake, month = folder / "lake", data.months[-1]
    model = existing_partition(lake, "model", month, made_by="train")
    scores = json.loads((model / "scores.json").read_text(encoding="utf-8"))
    del scores["threshold"]
    predictions = pl.read_parquet(existing_partition(lake, "predictions", month, made_by="deploy") / "*.parquet")
    report = Report(
        pipeline=folder.name,
        engine=engine,
        isolation=isolation,
        month=month,
        holdout_month=add_months(month, -1),
        seed=data.seed,
        customers=len(predictions),
        data_fingerprint=data_fingerprint(lake, month),
        stages=stages,
        baseline={**scores, "predictions_sha256": predictions_sha256(predictions)},
        ceiling_roc_auc=ceiling_roc_auc(data.source.with_name("truth"), training_and_holdout(lake, month)[1]),
        artifacts={
            "model": f"lake/model/month={month}/model.skops",
            "predictions": "predictions.parquet",
            "quality": f"lake/quarantine/month={month}/quality.json",
        },
    )
    write_report(folder, report, predictions)
    return report
