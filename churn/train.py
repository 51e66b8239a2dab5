"""Training & Evaluating: fit on the past, score on the newest month whose labels are known."""

import json
from pathlib import Path
from typing import Any

import polars as pl
from threadpoolctl import threadpool_limits

from churn.build import baseline
from churn.evaluation.scores import Scores, score
from churn.lake import existing_partition, new_partition, partition
from churn.storage.model_file import churn_probability, save_model
from churn.tables import FEATURES, LABEL
from churn.value import best_threshold


def train(lake: Path, month: str) -> Scores:
    """Write `model` of the month: model.skops, and scores.json with the threshold and the scores on the holdout month.

    The threshold is the best on the training rows. The holdout month only measures.
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
    """Return the rows to learn from and those to measure on. Raise BadInput if `build` has not run."""
    folder = existing_partition(lake, "training", month, made_by="build")
    rows, holdout = (pl.read_parquet(folder / f"{part}.parquet", glob=False) for part in ("train", "holdout"))
    return rows, holdout


def fitted(model: Any, rows: pl.DataFrame) -> Any:
    """Fit `model` in place and return it, on one thread: sums then come out the same on any machine."""
    with threadpool_limits(1):
        return model.fit(rows.select(FEATURES), rows[LABEL].to_numpy())
