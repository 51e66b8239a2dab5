"""Training & Evaluating: fit on the past, score on the newest month whose labels are known."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray
from skops import io as skops
from threadpoolctl import threadpool_limits

from churn.build import baseline
from churn.lake import existing_partition, new_partition, partition
from churn.process import CATEGORICAL_FEATURES, LABEL, NUMERIC_FEATURES
from churn.scores import Scores, score
from churn.value import best_threshold

FEATURES = [*NUMERIC_FEATURES, *CATEGORICAL_FEATURES]


def train(lake: Path, month: str) -> Scores:
    """Write `model` of the month: model.skops, and scores.json with the threshold and the scores on the holdout
    month.
    """
    rows, holdout = training_and_holdout(lake, month)
    model = fitted(baseline(), rows)
    charge = "monthly_charge_eur"
    threshold = best_threshold(rows[LABEL], churn_probability(model, rows), rows[charge])
    scores = score(holdout[LABEL], churn_probability(model, holdout), threshold, holdout[charge])
    with new_partition(partition(lake, "model", month)) as folder:
        save_model(model, folder / "model.skops")
        (folder / "scores.json").write_text(json.dumps({"threshold": threshold, **scores.as_dict()}), encoding="utf-8")
    return scores


def training_and_holdout(lake: Path, month: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    folder = existing_partition(lake, "training", month, made_by="build")
    return pl.read_parquet(folder / "train.parquet"), pl.read_parquet(folder / "holdout.parquet")


def fitted(model: Any, rows: pl.DataFrame) -> Any:
    """Fit `model` in place and return it. One thread: sums then come out the same on any machine."""
    with threadpool_limits(1):
        return model.fit(rows.select(FEATURES), rows[LABEL].to_numpy())


def save_model(model: Any, path: Path) -> None:
    """Write a skops file, the same bytes for the same model: a digest of it then says which model it is.

    skops numbers objects by their addresses in memory and dates its files by the clock; here they are numbered as they
    come, and have the date that a zip gives what has none.
    """
    with ZipFile(BytesIO(skops.dumps(model))) as dumped, ZipFile(path, "w") as written:
        schema = dumped.read("schema.json").decode()
        addresses = dict.fromkeys(re.findall(r'"__id__": (\d+)', schema))
        number = {address: str(place) for place, address in enumerate(addresses)}
        for name in dumped.namelist():
            if name == "schema.json":
                renumbered = re.sub(r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.npy")', lambda m: number[m[0]], schema)
                written.writestr(ZipInfo(name), renumbered)
            else:
                address, ending = name.split(".")
                written.writestr(ZipInfo(f"{number[address]}.{ending}"), dumped.read(name))


def churn_probability(model: Any, rows: pl.DataFrame) -> NDArray[np.float64]:
    """Shape (n,), each from 0 to 1, in the order of `rows`."""
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(rows.select(FEATURES))[:, 1])
