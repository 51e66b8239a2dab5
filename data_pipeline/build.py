"""Model Building, the data pipeline's way: the training set is one more table with a partition per month.

Its gate: every partition that it reads must have been made from the valid rows that are here now.
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from data_pipeline.assets import FEATURES, LABELS, TRAINING, first_month, lake_folder


@task(inlets=[FEATURES, LABELS], outlets=[TRAINING], execution_timeout=timedelta(minutes=30))
def build(partition_key: str) -> None:
    """Split by time: train on the months with known labels, hold out the newest of them.

    Raises AirflowFailException when features or labels are out of date: a retry would read the same ones.
    """
    from churn import build as plain

    lake, month = lake_folder(), partition_key
    if stale := out_of_date(lake, month):
        raise AirflowFailException(f"training {month}: out of date with their valid rows: {', '.join(stale)}")
    plain.build(lake, month)


def out_of_date(lake: Path, month: str) -> list[str]:
    """Return the features and labels up to `month` that were made from other valid rows, such as "features 2025-03".

    Each partition records the digests of what it was made from; the dates of files play no part.
    """
    from churn.storage.made_from import outdated
    from churn.storage.months import month_range

    months = month_range(first_month(), month)
    reads = [*(("features", past) for past in months), *(("labels", past) for past in months[:-1])]
    return [f"{table} {past}" for table, past in reads if outdated(lake, table, past)]
