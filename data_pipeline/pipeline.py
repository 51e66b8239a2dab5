"""The wiring, and nothing else: three DAGs over monthly partitions. The README draws them.

exports      collect >> validate          on the 1st of a month, for the month that has ended
features     process                      for every month whose valid rows have changed, however late
predictions  build >> train >> deploy     on the 2nd of a month, for the month that has ended
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import (
    DAG,
    CronPartitionTimetable,
    DeadlineAlert,
    DeadlineReference,
    PartitionedAssetTimetable,
    SyncCallback,
)

from data_pipeline.assets import VALID
from data_pipeline.build import build
from data_pipeline.collect import collect
from data_pipeline.deploy import deploy
from data_pipeline.incidents import write_failure, write_failure_of_run, write_overdue
from data_pipeline.process import process
from data_pipeline.train import train
from data_pipeline.validate import validate

PAGES = Path(__file__).parent / "pages"  # what Airflow shows beside each DAG
# Set for a simulated operator, whose exports end; time goes on, and Airflow would ask for one every month.
EXPORTS_END = os.environ.get("CHURN_EXPORTS_END")
DEADLINE = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(hours=6), callback=SyncCallback(write_overdue)
)
EVERY_DAG: dict[str, Any] = {
    "catchup": False,
    "end_date": datetime.fromisoformat(EXPORTS_END) if EXPORTS_END else None,
    "default_args": {"owner": "data-team", "on_failure_callback": write_failure},
    "on_failure_callback": write_failure_of_run,
    "deadline": DEADLINE,
}


def monthly(cron: str) -> CronPartitionTimetable:
    """What `cron` starts is about the month before; its partition key says which: 2025-12."""
    return CronPartitionTimetable(cron, timezone="UTC", run_offset=-1, key_format="%Y-%m")


with DAG(
    "exports",
    schedule=monthly("0 6 1 * *"),
    tags=["churn", "collect", "validate"],
    doc_md=str(PAGES / "exports.md"),
    **EVERY_DAG,
):
    collect() >> validate()

with DAG(
    "features",
    schedule=PartitionedAssetTimetable(assets=VALID),
    max_active_runs=1,  # so that the last run of a month is the one with the newest rows
    tags=["churn", "process"],
    doc_md=str(PAGES / "features.md"),
    **EVERY_DAG,
):
    process()

with DAG(
    "predictions",
    schedule=monthly("0 6 2 * *"),
    tags=["churn", "build", "train", "deploy"],
    doc_md=str(PAGES / "predictions.md"),
    **EVERY_DAG,
):
    build() >> train() >> deploy()
