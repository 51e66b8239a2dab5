"""Model Building: `build` decides what to learn from, and `baseline` with what. All pipelines agree on both.

Split by time, never at random: train on past months, hold out the newest month with labels, and score the month after
it, whose labels nobody knows yet.
"""

from pathlib import Path

import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from churn.harness.errors import BadInput
from churn.lake import months_of, new_partition, partition, scan
from churn.storage.months import add_months
from churn.tables import CATEGORICAL_FEATURES, FEWEST_MONTHS_TO_LEARN, NUMERIC_FEATURES


def baseline() -> Pipeline:
    """Return the unfitted baseline. Its tight tolerance gives the same answer on any machine, to 6 digits or more."""
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), NUMERIC_FEATURES),
            ("words", OneHotEncoder(handle_unknown="ignore"), CATEGORICAL_FEATURES),
        ]
    )
    return Pipeline([("columns", columns), ("classifier", LogisticRegression(tol=1e-8, max_iter=1000))])


def build(lake: Path, month: str) -> None:
    """Write `training` of the month: train.parquet and holdout.parquet, with features and labels.

    Raises BadInput when there are not enough months yet.
    """
    holdout = add_months(month, -1)
    labelled = [past for past in months_of(lake, "labels") if past <= holdout]
    if holdout not in labelled or len(labelled) < FEWEST_MONTHS_TO_LEARN - 1:
        raise BadInput(
            f"too little history to learn for {month}: process at least {FEWEST_MONTHS_TO_LEARN} months up to it first "
            f"(labels known in {lake}: {', '.join(labelled) or 'none'})"
        )
    with new_partition(partition(lake, "training", month)) as folder:
        labelled_rows(lake, labelled[:-1]).sink_parquet(folder / "train.parquet")
        labelled_rows(lake, [holdout]).sink_parquet(folder / "holdout.parquet")


def labelled_rows(lake: Path, months: list[str]) -> pl.LazyFrame:
    """Return features joined with labels, a row per customer and month, in the order of `features`."""
    features, labels = scan(lake, "features", months), scan(lake, "labels", months)
    return features.join(labels, on=["customer_id", "month"], maintain_order="left")
