"""Data Collection, the data pipeline's way: one month per run, asked for again with a growing pause when it fails.

Only this stage is retried: it alone depends on somebody else's machine. The others would fail the same way again.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import task

from data_pipeline.assets import RAW, lake, source


@task(
    outlets=[RAW],
    retries=3,
    retry_delay=timedelta(seconds=2),
    retry_exponential_backoff=True,
    max_retry_delay=timedelta(minutes=10),
    execution_timeout=timedelta(minutes=30),
)
def collect(**context: Any) -> dict[str, str]:
    """Copy the month's export into the lake as it was delivered. Returns the SHA-256 of each file."""
    import churn.collect

    checksums = churn.collect.collect(source(), lake(), context["partition_key"])
    context["outlet_events"][RAW].extra = {"files": len(checksums)}
    return checksums
