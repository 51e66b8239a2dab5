"""The candidates, each a family and its parameters, and the estimator of each.

A candidate can be built again from what MLflow recorded of it: `estimator(Candidate(family, parameters))`.
"""

from dataclasses import dataclass

from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from churn.build import baseline
from churn.tables import CATEGORICAL_FEATURES, NUMERIC_FEATURES

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
    """One setting to try."""

    family: str
    parameters: dict[str, float]

    @property
    def name(self) -> str:
        return " ".join([self.family, *(f"{name}={value:g}" for name, value in self.parameters.items())])


CANDIDATES = [Candidate(family, parameters) for family, settings in SEARCH_SPACE.items() for parameters in settings]
BASELINE = CANDIDATES[0]


def estimator(candidate: Candidate) -> Pipeline:
    """Return the unfitted estimator. Raises KeyError for a family or a parameter that SEARCH_SPACE does not have."""
    return {"baseline": _baseline, "splines": _splines, "boosting": _boosting}[candidate.family](candidate.parameters)


def _baseline(parameters: dict[str, float]) -> Pipeline:
    return baseline().set_params(classifier__C=parameters["C"])


def _splines(parameters: dict[str, float]) -> Pipeline:
    splines = SplineTransformer(n_knots=int(parameters["knots"]), knots="quantile", extrapolation="linear")
    linear = LogisticRegression(C=parameters["C"], max_iter=1000)
    return Pipeline([("columns", _columns(make_pipeline(StandardScaler(), splines))), ("classifier", linear)])


def _boosting(parameters: dict[str, float]) -> Pipeline:
    trees = HistGradientBoostingClassifier(
        learning_rate=parameters["learning_rate"],
        max_leaf_nodes=int(parameters["leaves"]),
        max_iter=int(parameters["trees"]),
        early_stopping=False,
        random_state=0,
    )
    return Pipeline([("columns", _columns("passthrough", sparse=False)), ("classifier", trees)])


def _columns(numbers: TransformerMixin | str, sparse: bool = True) -> ColumnTransformer:
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    return ColumnTransformer([("numbers", numbers, NUMERIC_FEATURES), ("words", words, CATEGORICAL_FEATURES)])
