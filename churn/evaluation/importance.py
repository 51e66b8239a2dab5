"""How much a model relies on each column: the fall of ROC-AUC when the column is shuffled."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

REPEATS = 3
MOST_ROWS = 2_500  # enough to tell the important columns from the others


def falls_of_roc_auc(
    predict: Callable[[pl.DataFrame], NDArray[np.float64]],
    rows: pl.DataFrame,
    churned: NDArray[np.bool_],
    columns: Sequence[str],
    seed: int,
) -> pl.DataFrame:
    """Return column, fall of ROC-AUC when its values are shuffled among the rows, and spread; the largest fall first.

    `sklearn.inspection.permutation_importance` does the same, but takes the names away from a Polars table's columns:
    https://github.com/scikit-learn/scikit-learn/pull/28513
    """
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(len(rows))[:MOST_ROWS])
    rows, churned = rows[sample], churned[sample]
    whole = roc_auc_score(churned, predict(rows))
    falls = []
    for _ in range(REPEATS):
        shuffled = [rows.with_columns(rows[name][rng.permutation(len(rows))]) for name in columns]
        answers = np.split(predict(pl.concat(shuffled)), len(columns))  # one call for all columns is much faster
        falls.append([whole - roc_auc_score(churned, answer) for answer in answers])
    found = {"column": columns, "fall": np.mean(falls, axis=0), "spread": np.std(falls, axis=0)}
    return pl.DataFrame(found).sort("fall", "column", descending=[True, False])
