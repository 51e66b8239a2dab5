"""Data Collection: the plain answer's copy of the exports, and a record of which ones and which bytes exactly.

MLflow stores no data here and fetches none: a data set in it is a name, a source and a digest.
"""

import json
from pathlib import Path

import mlflow

from churn import collect as plain
from churn.collect import data_fingerprint
from churn.lake import partition
from churn.storage.atomic import sha256_of
from tracking_pipeline.datasets import record_dataset


def collect(source: Path, lake: Path, months: list[str]) -> str:
    """Collect `months`, oldest first; return the fingerprint of all that was delivered up to the last of them."""
    delivered = {}
    for month in months:
        delivered[month] = plain.collect(source, lake, month)
        digest = sha256_of(partition(lake, "raw", month) / "checksums.json")
        record_dataset(source / f"month={month}", f"export-{month}", digest, "collected")
    mlflow.log_text(json.dumps(delivered, indent=1), "checksums.json")
    return data_fingerprint(lake, months[-1])
