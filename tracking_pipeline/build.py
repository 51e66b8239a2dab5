"""Model Building: the plain answer's tables, recorded as data sets; and the candidates, each a name and parameters.

A candidate is written down so that it can be built again from what MLflow recorded: `estimator(family, parameters)`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from churn import build as plain
from churn.lake import partition
from churn.storage.atomic import sha256_of
from churn.tables import CATEGORICAL_FEATURES, NUMERIC_FEATURES
from tracking_pipeline.datasets import record_dataset

SEARCH_SPACE: dict[str, list[dict[str, float]]] = {
    "baseline": [{"C": 1.0}, {"C": 0.01}],  # the first is the plain answer's
    "splines": [{"knots": 4, "C": 1.0}, {"knots": 5, "C": 0.3}, {"knots": 7, "C": 0.1}],
    "boosting": [
        {"learning_rate": 0.06, "leaves": 6, "trees": 100},
        {"learning_rate": 0.1, "leaves": 10, "trees": 60},
        {"learning_rate": 0.2, "leaves": 31, "trees": 60},
    ],
}


@dataclass(frozen=True)
class Candidate:
    """One trial: what MLflow records of it is enough to build it again."""

    family: str
    parameters: dict[str, float]

    @property
    def name(self) -> str:
        return " ".join([self.family, *(f"{name}={value:g}" for name, value in self.parameters.items())])


BASELINE = Candidate("baseline", SEARCH_SPACE["baseline"][0])
CANDIDATES = [Candidate(family, parameters) for family, settings in SEARCH_SPACE.items() for parameters in settings]


def build(lake: Path, month: str) -> None:
    """Write `training` of the month, and record both tables and what will be tried on them."""
    plain.build(lake, month)
    folder = partition(lake, "training", month)
    for name in ("train", "holdout"):
        file = folder / f"{name}.parquet"
        record_dataset(file, name, sha256_of(file), context=name)
    mlflow.log_text(json.dumps(SEARCH_SPACE, indent=1), "search_space.json")


def estimator(candidate: Candidate) -> Pipeline:
    """The unfitted estimator; `family` is a key of SEARCH_SPACE, or "shouting", which no search proposes."""
    settings = candidate.parameters
    if candidate.family == "boosting":
        trees = HistGradientBoostingClassifier(
            learning_rate=settings["learning_rate"],
            max_leaf_nodes=int(settings["leaves"]),
            max_iter=int(settings["trees"]),
            early_stopping=False,
            random_state=0,
        )
        return Pipeline([("columns", _columns("passthrough", sparse=False)), ("classifier", trees)])
    if candidate.family == "splines":
        bend = SplineTransformer(n_knots=int(settings["knots"]), knots="quantile", extrapolation="linear")
        linear = LogisticRegression(C=settings["C"], max_iter=1000)
        return Pipeline([("columns", _columns(make_pipeline(StandardScaler(), bend))), ("classifier", linear)])
    if candidate.family == "shouting":
        return plain.baseline().set_params(classifier__class_weight="balanced")
    return plain.baseline().set_params(classifier__C=settings["C"])


def _columns(numbers: Any, sparse: bool = True) -> ColumnTransformer:
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    return ColumnTransformer([("numbers", numbers, NUMERIC_FEATURES), ("words", words, CATEGORICAL_FEATURES)])
