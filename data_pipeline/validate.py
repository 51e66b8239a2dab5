"""Data Validation, the data pipeline's way: a gate whose findings are on the run's page and on the asset's events.

It announces every month whose valid rows this export changes, and Airflow starts `process` for each of them.
Late rows restate the previous month, and all later months look back on this one.
"""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.types import OutletEventAccessorsProtocol, RuntimeTaskInstanceProtocol

from data_pipeline.assets import QUARANTINE, RAW, VALID, first_month, lake_folder


@task(inlets=[RAW], outlets=[VALID, QUARANTINE], execution_timeout=timedelta(minutes=30))
def validate(
    partition_key: str, ti: RuntimeTaskInstanceProtocol, outlet_events: OutletEventAccessorsProtocol
) -> list[str]:
    """Check the month's export against the contract; return the months to process again.

    Raises AirflowFailException when the contract is broken: no retry fixes an export. The month's `valid` rows stay
    as they were.
    """
    from churn import validate as plain
    from churn.checks.quality import read_quality
    from churn.harness.errors import ContractBroken

    lake, month = lake_folder(), partition_key
    try:
        quality = plain.validate(lake, month)
    except ContractBroken as problem:
        ti.xcom_push("quality", asdict(read_quality(lake, month)))
        raise AirflowFailException(f"contract: {problem}") from problem
    ti.xcom_push("quality", asdict(quality))
    outlet_events[QUARANTINE].extra = asdict(quality)
    outlet_events[VALID].extra = asdict(quality)
    changed = months_changed(lake, month, quality.late_rows)
    outlet_events[VALID].add_partitions(changed)
    return changed


def months_changed(lake: Path, month: str, late_rows: int) -> list[str]:
    """Return the month, the previous month if rows of it came late, and all later months that are already here.

    Later months are here when this export is a correction, or when a backfill ran out of order.
    """
    from churn.lake import months_of
    from churn.storage.months import add_months

    previous = [add_months(month, -1)] if late_rows and month > first_month() else []
    return [*previous, month, *(later for later in months_of(lake, "valid") if later > month)]
