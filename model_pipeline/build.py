"""Model Building: what to learn from (the plain answer's table), and what could learn from it (scikit-learn's
home ground).

A candidate is one Pipeline: input check, fitted preprocessing, model. The search replaces whole steps, so two
families compete under one roof: a linear model on splines, and gradient boosting. Every candidate is fitted and
scored on the same folds.
"""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from churn import build as plain
from churn.tables import CATEGORICAL_FEATURES, NUMERIC_FEATURES
from model_pipeline.columns import Columns
from model_pipeline.periods import Folds
from model_pipeline.process import for_linear_model, for_trees, rare_words
from model_pipeline.validate import input_check

OPERATOR = Columns(NUMERIC_FEATURES, CATEGORICAL_FEATURES, pool_rare_words=False)
CANDIDATES = 8


def build(lake: Path, month: str) -> None:
    """Write `training` of the month: train.parquet and holdout.parquet."""
    plain.build(lake, month)


def baseline(columns: Columns = OPERATOR) -> Pipeline:
    """The unfitted baseline: the plain answer's own for the operator's table, its like for any other."""
    if columns == OPERATOR:
        return plain.baseline()
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(handle_unknown="infrequent_if_exist", **rare_words(columns))
    process = ColumnTransformer(
        [("numbers", numbers, [*columns.numeric, *columns.dates]), ("words", words, columns.categorical)]
    )
    model = LogisticRegression(tol=1e-8, max_iter=1000)
    return Pipeline([("validate", input_check(columns)), ("process", process), ("model", model)])


def candidate(columns: Columns) -> Pipeline:
    """A Pipeline whose last two steps the search will fill."""
    return Pipeline(
        [
            ("validate", input_check(columns)),
            ("process", for_linear_model(columns)),
            ("model", LogisticRegression(max_iter=1000)),
        ]
    )


def search_space(columns: Columns, seed: int) -> list[dict[str, Any]]:
    """Two families, drawn with equal chance: which preprocessing, which model, and the ranges of its parameters."""
    trees = HistGradientBoostingClassifier(
        max_iter=75, early_stopping=False, categorical_features=None, random_state=seed
    )
    return [
        {
            "process": [for_linear_model(columns)],
            "model": [LogisticRegression(max_iter=1000)],
            "process__numbers__bend__n_knots": [4, 5, 7],
            "model__C": loguniform(0.1, 10.0),
        },
        {
            "process": [for_trees(columns)],
            "model": [trees],
            "model__learning_rate": loguniform(0.07, 0.2),
            "model__max_leaf_nodes": [4, 6, 8],
            "model__min_samples_leaf": [20, 50, 100, 200],
            "model__l2_regularization": loguniform(0.5, 30.0),
            "model__max_features": [0.3, 0.6, 1.0],
        },
    ]


def search(columns: Columns, folds: Folds, seed: int) -> RandomizedSearchCV:
    """The unfitted search, judged by log loss: it asks for good probabilities, not only for a good order.

    Not `HalvingRandomSearchCV`: it cuts the test folds down along with the training rows, and then forty
    leavers decide which candidates go on. Its authors warn of that noise, too:
    https://github.com/scikit-learn/scikit-learn/pull/34253
    """
    return RandomizedSearchCV(
        candidate(columns),
        search_space(columns, seed),
        n_iter=CANDIDATES,
        cv=folds,
        scoring="neg_log_loss",
        refit=False,
        random_state=seed,
        error_score="raise",
    )


def trials(tried: RandomizedSearchCV) -> list[dict[str, Any]]:
    """What the search tried, best first: log loss, model and parameters."""
    results = tried.cv_results_
    return [
        {
            "log_loss": float(-results["mean_test_score"][i]),
            "model": type(results["params"][i]["model"]).__name__,
            "parameters": {
                name.rsplit("__", 1)[-1]: round(float(value), 4)
                for name, value in results["params"][i].items()
                if "__" in name
            },
        }
        for i in np.argsort(-results["mean_test_score"], kind="stable")
    ]
