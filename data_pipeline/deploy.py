"""Model Deployment, the data pipeline's way: one scored table per month, replaced as a whole.

A reader of the newest `predictions` finds the last good table, even when a later run has failed.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import task
from airflow.sdk.types import OutletEventAccessorsProtocol

from data_pipeline.assets import FEATURES, MODEL, PREDICTIONS, lake_folder


@task(inlets=[MODEL, FEATURES], outlets=[PREDICTIONS], execution_timeout=timedelta(minutes=30))
def deploy(partition_key: str, outlet_events: OutletEventAccessorsProtocol) -> dict[str, Any]:
    """Score the month's customers; return the table's folder, its number of rows and its SHA-256."""
    from churn import deploy as plain
    from churn.harness.report import predictions_sha256
    from churn.lake import partition

    lake, month = lake_folder(), partition_key
    predictions = plain.deploy(lake, month)
    served = {
        "path": str(partition(lake, "predictions", month)),
        "customers": len(predictions),
        "sha256": predictions_sha256(predictions),
    }
    outlet_events[PREDICTIONS].extra = served
    return served
