"""The lake's tables as Airflow assets, each with one partition per month; their schedule and their folders."""

from pathlib import Path

from airflow.sdk import Asset, CronPartitionTimetable, Variable

RAW = Asset("raw")
VALID = Asset("valid")
QUARANTINE = Asset("quarantine")
FEATURES = Asset("features")
LABELS = Asset("labels")
TRAINING = Asset("training")
MODEL = Asset("model")
PREDICTIONS = Asset("predictions")


def monthly(cron: str) -> CronPartitionTimetable:
    """Return a schedule whose runs are about the previous month; the partition key names it, such as 2025-12."""
    return CronPartitionTimetable(cron, timezone="UTC", run_offset=-1, key_format="%Y-%m")


def source_folder() -> Path:
    """Return the folder of the operator's exports: the Airflow variable `churn_source`."""
    return Path(Variable.get("churn_source"))


def lake_folder() -> Path:
    """Return the folder of the tables: the Airflow variable `churn_lake`."""
    return Path(Variable.get("churn_lake"))


def first_month() -> str:
    """Return the month of the operator's first export, "YYYY-MM": the Airflow variable `churn_first_month`."""
    return str(Variable.get("churn_first_month"))
