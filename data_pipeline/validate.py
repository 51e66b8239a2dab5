"""Data Validation, the data pipeline's way: a gate. What it finds is on the run's page and on the asset's events.

It announces every month whose valid rows this export changes, and Airflow starts `process` for each: late rows restate
the month before, and all later months look back on this one.
"""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from data_pipeline.assets import QUARANTINE, RAW, VALID, first_month, lake


@task(inlets=[RAW], outlets=[VALID, QUARANTINE], execution_timeout=timedelta(minutes=30))
def validate(**context: Any) -> list[str]:
    """Judge the month's export by the contract. Returns the months whose valid rows have changed.

    A broken contract fails at once: no retry mends an export. `valid` of the month stays what it was.
    """
    import churn.validate
    from churn.harness.errors import ContractBroken

    month = context["partition_key"]
    try:
        quality = churn.validate.validate(lake(), month)
    except ContractBroken as problem:
        context["ti"].xcom_push("quality", asdict(churn.validate.read_quality(lake(), month)))
        raise AirflowFailException(f"contract: {problem}") from problem
    context["ti"].xcom_push("quality", asdict(quality))
    changed = months_changed(lake(), month, quality.late_rows)
    for asset in (VALID, QUARANTINE):
        context["outlet_events"][asset].extra = asdict(quality)
    context["outlet_events"][VALID].add_partitions(changed)
    return changed


def months_changed(lake: Path, month: str, late_rows: int) -> list[str]:
    """The month; the one before, if rows of it came late; and the later ones that are here already (a correction, or a
    backfill out of order).
    """
    from churn.lake import months_of
    from churn.storage.months import add_months

    before = [add_months(month, -1)] if late_rows and month > first_month() else []
    return [*before, month, *(later for later in months_of(lake, "valid") if later > month)]
