"""Model Deployment, the data pipeline's way: a scored table for the month, swapped in as a whole.

Whoever reads `predictions` of the newest month finds the last good table, whatever has failed since.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import task

from data_pipeline.assets import FEATURES, MODEL, PREDICTIONS, lake


@task(inlets=[MODEL, FEATURES], outlets=[PREDICTIONS], execution_timeout=timedelta(minutes=30))
def deploy(**context: Any) -> dict[str, Any]:
    """Score the month's customers; return where the table is, how many rows it has, and their checksum."""
    import churn.deploy
    from churn.harness.report import predictions_sha256
    from churn.lake import partition

    month = context["partition_key"]
    predictions = churn.deploy.deploy(lake(), month)
    served = {
        "path": str(partition(lake(), "predictions", month)),
        "customers": len(predictions),
        "sha256": predictions_sha256(predictions),
    }
    context["outlet_events"][PREDICTIONS].extra = served
    return served
