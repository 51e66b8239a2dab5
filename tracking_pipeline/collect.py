"""Data Collection: the plain answer's copy of an export, and a record of which files it had, by checksum.

MLflow stores no data here and fetches none: a data set in it is a name, a source and a digest.
"""

from pathlib import Path

import mlflow
import polars as pl

from churn import collect as plain
from churn.lake import partition
from churn.storage.atomic import sha256_of
from tracking_pipeline.record import record_dataset


def collect(source: Path, lake: Path, month: str) -> dict[str, str]:
    """Write `raw` of the month. Returns the SHA-256 of each file by its path in the partition."""
    checksums = plain.collect(source, lake, month)
    mlflow.log_dict(checksums, f"checksums/{month}.json")
    files = pl.DataFrame({"file": list(checksums), "sha256": list(checksums.values())})
    digest = sha256_of(partition(lake, "raw", month) / "checksums.json")
    record_dataset(files, source / f"month={month}", f"export-{month}", digest, context="collected")
    return checksums
