"""The best possible score: that of the true probabilities. Only evaluation reads the truth, no stage does."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from churn.lake import parquet_in
from churn.tables import LABEL


def ceiling_roc_auc(truth: Path, holdout: pl.DataFrame) -> float | None:
    """Return the ROC-AUC of the true probabilities on the holdout customers; None if there is no truth (real data)."""
    known = true_probability(truth, holdout)
    return None if known is None else float(roc_auc_score(holdout[LABEL].to_numpy(), known))


def true_probability(truth: Path, holdout: pl.DataFrame) -> NDArray[np.float64] | None:
    """Return the true probability of each holdout row, shape (n,); None if there is no truth."""
    folder = truth / f"month={holdout['month'][0]}"
    if not folder.is_dir():
        return None
    known = pl.read_parquet(parquet_in(folder), hive_partitioning=False)
    joined = holdout.join(known, on="customer_id", how="left", maintain_order="left")["churn_probability"]
    return None if joined.has_nulls() else joined.to_numpy()
