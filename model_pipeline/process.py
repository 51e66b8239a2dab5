"""Data Processing. Two kinds, and only one of them is scikit-learn's.

What is *computed* from one customer's own past (usage trend, tickets of three months) is the plain answer's
`process`: it needs dates, joins and partitions, and scikit-learn has none of them.

What is *learnt* from all customers (where the quantiles lie, which categories exist) is a fitted transformer,
and belongs into the Pipeline: then it is learnt anew in each fold, from the fold's training rows only, and its
figures travel with the model.
"""

from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, QuantileTransformer, SplineTransformer

from churn import process as plain
from model_pipeline.columns import Columns

FEWEST_PER_CATEGORY = 10  # rarer ones are pooled as "infrequent", and so is a word never seen in training
MOST_CATEGORIES = 40


def process(lake: Path, month: str) -> None:
    """Write `features` of the month, and `labels` of the month before."""
    plain.process(lake, month)


def for_linear_model(columns: Columns) -> ColumnTransformer:
    """Curves instead of straight lines: each number is ranked (so that an outlier cannot stretch it), then bent
    by splines.

    A missing number is all zeros after the splines: "unknown" gets a weight of its own, and nothing is made up.
    """
    numbers = Pipeline(
        [
            ("rank", QuantileTransformer(n_quantiles=30, random_state=0)),
            ("bend", SplineTransformer(n_knots=5, include_bias=False, handle_missing="zeros")),
        ]
    )
    words = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False, **rare_words(columns))
    return ColumnTransformer(
        [("numbers", numbers, [*columns.numeric, *columns.dates]), ("words", words, columns.categorical)],
        verbose_feature_names_out=False,
    ).set_output(transform="polars")  # what a step gives out can be read: named columns, not a bare array


def for_trees(columns: Columns) -> ColumnTransformer:
    """Trees rank numbers themselves and have a branch for missing ones: words only become codes, which trees
    can cut anywhere.

    (`categorical_features` of the boosting model would do it too: no better here, slower, and the model file
    would then carry two more types to trust, functools.partial among them.)
    """
    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, **rare_words(columns))
    numbers = [*columns.numeric, *columns.dates]
    return ColumnTransformer(
        [("numbers", "passthrough", numbers), ("words", words, columns.categorical)], verbose_feature_names_out=False
    ).set_output(transform="polars")


def rare_words(columns: Columns) -> dict[str, int]:
    """The encoders' settings that pool rare categories."""
    if not columns.pool_rare_words:
        return {}
    return {"min_frequency": FEWEST_PER_CATEGORY, "max_categories": MOST_CATEGORIES}
