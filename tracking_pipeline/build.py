"""Model Building: the plain answer's tables, recorded as data sets, and the list of what will be tried on them."""

from pathlib import Path

import mlflow
import polars as pl

from churn import build as plain
from churn.lake import partition
from churn.storage.atomic import sha256_of
from tracking_pipeline.candidates.estimators import SEARCH_SPACE
from tracking_pipeline.record import record_dataset


def build(lake: Path, month: str) -> None:
    """Write `training` of the month; record both of its tables, and what will be tried on them."""
    plain.build(lake, month)
    for name in ("train", "holdout"):
        file = partition(lake, "training", month) / f"{name}.parquet"
        record_dataset(pl.read_parquet(file, glob=False), file, name, sha256_of(file), context=name)
    mlflow.log_dict(SEARCH_SPACE, "search_space.json")
