"""Model Building, the data pipeline's way: the training set is one more table with a partition per month.

Its gate: every feature partition it reads must be newer than the valid rows that it was made from.
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from data_pipeline.assets import FEATURES, LABELS, TRAINING, first_month, lake_folder


@task(inlets=[FEATURES, LABELS], outlets=[TRAINING], execution_timeout=timedelta(minutes=30))
def build(partition_key: str) -> None:
    """Split by time: train on the months with known labels, hold out the newest of them.

    Raises AirflowFailException when a month's features are out of date.
    """
    from churn import build as plain

    lake, month = lake_folder(), partition_key
    stale = months_to_restate(lake, month)
    if stale:
        raise AirflowFailException(f"training {month}: features of {', '.join(stale)} are older than their valid rows")
    plain.build(lake, month)


def months_to_restate(lake: Path, month: str) -> list[str]:
    """The months up to `month` whose features were written before their own valid rows, or the late ones, came in."""
    from churn.lake import partition
    from churn.storage.months import add_months, month_range

    def written(table: str, month: str) -> float:
        folder = partition(lake, table, month)
        return folder.stat().st_mtime if folder.is_dir() else 0.0

    return [
        past
        for past in month_range(first_month(), month)
        if written("features", past)
        <= max(written("valid", past), written("valid", add_months(past, 1)) if past < month else 0.0)
    ]
