"""Data Collection, the data pipeline's way: one month per run, retried with exponential backoff.

Only this stage has retries, because only this stage depends on another company's machine.
The other stages would fail the same way again.
All stages import `churn` inside the function, because Airflow loads this file again and again only to see the DAG.
"""

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.types import OutletEventAccessorsProtocol

from data_pipeline.assets import RAW, lake_folder, source_folder


@task(
    outlets=[RAW],
    retries=3,
    retry_delay=timedelta(seconds=2),
    retry_exponential_backoff=True,
    max_retry_delay=timedelta(minutes=10),
    execution_timeout=timedelta(minutes=30),
)
def collect(partition_key: str, outlet_events: OutletEventAccessorsProtocol) -> dict[str, str]:
    """Copy the month's export into the lake as delivered; return the SHA-256 of each file."""
    from churn import collect as plain

    source, lake, month = source_folder(), lake_folder(), partition_key
    checksums = plain.collect(source, lake, month)
    outlet_events[RAW].extra = {"files": len(checksums)}
    return checksums
