"""Data Processing, the data pipeline's way: a run per month that `validate` announced, one after another.

The order in which months arrive does not matter: a month whose history has a gap is skipped, and announced again by the
month that closes the gap.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from data_pipeline.assets import FEATURES, LABELS, VALID, first_month, lake


@task(inlets=[VALID], outlets=[FEATURES, LABELS], execution_timeout=timedelta(hours=1))
def process(**context: Any) -> None:
    """Write features of the month and labels of the month before, from all valid rows that are here by now."""
    import churn.process
    from churn.lake import months_of
    from churn.storage.months import add_months, month_range

    month = context["partition_key"]
    missing = sorted(set(month_range(first_month(), month)) - set(months_of(lake(), "valid")))
    if missing:
        raise AirflowSkipException(f"features {month}: waiting for valid {', '.join(missing)}, which will call again")
    churn.process.process(lake(), month)
    if month > first_month():
        context["outlet_events"][LABELS].add_partitions(add_months(month, -1))
