"""Data Processing, the data pipeline's way: a run for each month that `validate` announced, one after another.

The months may arrive in any order. A month whose history has a gap is skipped; the month that closes the gap
announces it again.

This file is a DAG by itself: `@asset.multi` makes one out of a task.
See https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/assets.html.
"""

from airflow.sdk import PartitionedAssetTimetable, asset, task
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import OutletEventAccessorsProtocol

from data_pipeline.assets import FEATURES, LABELS, VALID, first_month, lake_folder


@asset.multi(
    dag_id="features",
    schedule=PartitionedAssetTimetable(assets=VALID),
    outlets=[FEATURES, LABELS],
    tags=["churn", "process"],
)
# An argument named `valid` would declare the inlet too. But for such a DAG, Airflow 3.3.2 cannot run the callback that
# reports a killed task: its DAG processor does not answer the question which asset has that name.
@task(inlets=[VALID])
def process(partition_key: str, outlet_events: OutletEventAccessorsProtocol) -> None:
    """Write the month's features and the previous month's labels, from all valid rows that are here by now."""
    from churn import process as plain
    from churn.lake import months_of
    from churn.storage.months import add_months, month_range

    lake, month = lake_folder(), partition_key
    missing = sorted(set(month_range(first_month(), month)) - set(months_of(lake, "valid")))
    if missing:
        raise AirflowSkipException(f"features {month}: waiting for valid rows of {', '.join(missing)}")
    plain.process(lake, month)
    if month > first_month():
        outlet_events[LABELS].add_partitions(add_months(month, -1))
