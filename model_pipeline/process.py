"""Data Processing. There are two kinds, and only one of them is scikit-learn's.

The first kind is *computed* from one customer's own past: usage trend, tickets of three months. It needs dates, joins
and partitions. scikit-learn has none of these, so the plain answer computes the features.

The second kind is *learnt* from all customers: where the quantiles lie, which categories exist. It belongs in the
Pipeline, as fitted transformers. Each fold then learns from its own training rows only, and the figures travel with
the model.
"""

from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, QuantileTransformer, SplineTransformer

from churn import process as plain


def process(lake: Path, month: str) -> None:
    """Write `features` of the month, and `labels` of the previous month."""
    plain.process(lake, month)


def for_linear_model(numeric: list[str], categorical: list[str]) -> ColumnTransformer:
    """Let a linear model fit curves: rank each number, so that outliers cannot stretch it, then expand it in splines.

    A missing number becomes zero in every spline column. "Unknown" thus has its own weight, and nothing is imputed.
    """
    numbers = Pipeline(
        [
            ("rank", QuantileTransformer(n_quantiles=30, random_state=0)),
            ("bend", SplineTransformer(n_knots=5, include_bias=False, handle_missing="zeros")),
        ]
    )
    words = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    return ColumnTransformer(
        [("numbers", numbers, numeric), ("words", words, categorical)], verbose_feature_names_out=False
    ).set_output(transform="polars")  # each step's output has column names, which a person can read


def for_trees(numeric: list[str], categorical: list[str]) -> ColumnTransformer:
    """Encode categories as codes. Trees need no more: they rank numbers themselves and have a branch for missing ones.

    `categorical_features` of the boosting model could do this too. On this table it is no better and slower, and the
    model file would bring two more types to trust, functools.partial among them.
    """
    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer(
        [("numbers", "passthrough", numeric), ("words", words, categorical)], verbose_feature_names_out=False
    ).set_output(transform="polars")
