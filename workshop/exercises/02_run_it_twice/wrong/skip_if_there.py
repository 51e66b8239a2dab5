"""Safe to run twice, because the second run does nothing.

Message: the corrected export never arrived
"""

from pathlib import Path
from typing import Any

import polars as pl
from airflow.sdk import DAG, CronPartitionTimetable, task

EXPORTS = Path("exports")
TABLE = Path("table")


def partition(folder: Path, month: str) -> Path:
    return folder / f"month={month}"


@task
def load(**context: Any) -> int:
    """Put the export of the run's month into the table; return how many rows it has."""
    month = context["partition_key"]  # "2025-03": the month that this run is about
    rows = pl.read_parquet(partition(EXPORTS, month) / "cancellations.parquet")

    file = partition(TABLE, month) / "cancellations.parquet"
    if file.exists():
        return len(pl.read_parquet(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(file)
    return len(rows)


with DAG(
    "cancellations",
    schedule=CronPartitionTimetable("0 6 1 * *", timezone="UTC", run_offset=-1, key_format="%Y-%m"),
) as dag:
    load()
