"""Model Building: the plain answer decides what to learn from, scikit-learn what could learn from it.

A candidate is one Pipeline: input check, fitted preprocessing, model. The search replaces whole steps, so that two
families compete: logistic regression on splines, and gradient boosting. All candidates share the same folds.
"""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline

from churn import build as plain
from churn.tables import CATEGORICAL_FEATURES, NUMERIC_FEATURES
from model_pipeline.periods import Folds
from model_pipeline.process import for_linear_model, for_trees
from model_pipeline.validate import input_check

CANDIDATES = 8


def build(lake: Path, month: str) -> None:
    """Write `training` of the month: train.parquet and holdout.parquet."""
    plain.build(lake, month)


def spline_regression(numeric: list[str] = NUMERIC_FEATURES, categorical: list[str] = CATEGORICAL_FEATURES) -> Pipeline:
    """Return the first family, unfitted: logistic regression on splines."""
    return Pipeline(
        [
            ("validate", input_check(numeric, categorical)),
            ("process", for_linear_model(numeric, categorical)),
            ("model", LogisticRegression(max_iter=1000)),
        ]
    )


def boosted_trees(
    numeric: list[str] = NUMERIC_FEATURES, categorical: list[str] = CATEGORICAL_FEATURES, *, seed: int
) -> Pipeline:
    """Return the second family, unfitted: gradient boosting."""
    trees = HistGradientBoostingClassifier(
        max_iter=75, early_stopping=False, categorical_features=None, random_state=seed
    )
    return Pipeline(
        [
            ("validate", input_check(numeric, categorical)),
            ("process", for_trees(numeric, categorical)),
            ("model", trees),
        ]
    )


def search(splines: Pipeline, trees: Pipeline, folds: Folds, seed: int) -> RandomizedSearchCV:
    """Return the unfitted search over both families, judged by log loss.

    Log loss rewards good probabilities, not only a good order, and the threshold in euros needs the probabilities.

    We do not use `HalvingRandomSearchCV`. It cuts the test folds down along with the training rows, and then some
    forty churned customers decide which candidates go on:
    https://github.com/scikit-learn/scikit-learn/pull/34253
    """
    return RandomizedSearchCV(
        splines,
        search_space(splines, trees),
        n_iter=CANDIDATES,
        cv=folds,
        scoring="neg_log_loss",
        refit=False,
        random_state=seed,
        error_score="raise",
    )


def search_space(splines: Pipeline, trees: Pipeline) -> list[dict[str, Any]]:
    """Return one space per family: its steps, and the ranges of its parameters. Each is drawn with equal chance."""
    return [
        {
            "process": [splines["process"]],
            "model": [splines["model"]],
            "process__numbers__bend__n_knots": [4, 5, 7],
            "model__C": loguniform(0.1, 10.0),
        },
        {
            "process": [trees["process"]],
            "model": [trees["model"]],
            "model__learning_rate": loguniform(0.07, 0.2),
            "model__max_leaf_nodes": [4, 6, 8],
            "model__min_samples_leaf": [20, 50, 100, 200],
            "model__l2_regularization": loguniform(0.5, 30.0),
            "model__max_features": [0.3, 0.6, 1.0],
        },
    ]


def trials(searched: RandomizedSearchCV) -> list[dict[str, Any]]:
    """Return what the search tried, best first: log loss, name of the model, parameters."""
    results = searched.cv_results_
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
