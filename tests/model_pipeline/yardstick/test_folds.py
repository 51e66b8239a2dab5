"""The search of the Telco table runs inside each fold, and the folds of its judge are random but never overlap."""

import numpy as np
import polars as pl
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from threadpoolctl import threadpool_limits

from model_pipeline.yardstick import telco
from tests.witness import watch

ROWS = telco.X.head(600).with_columns(mark=10.0 * pl.int_range(1, 601))
OUTCOME = telco.y[:600]


class Witness(ClassifierMixin, BaseEstimator):
    """Learn nothing, and fail when asked about a row that `fit` has seen."""

    def fit(self, X: pl.DataFrame, y: np.ndarray) -> "Witness":
        self.seen_ = set(X["mark"])
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        assert self.seen_.isdisjoint(X["mark"])
        assert len(self.seen_) + len(X) == len(ROWS)
        return np.column_stack([1 - X["tenure"] / 100, X["tenure"] / 100])


def test_no_row_is_judged_by_a_model_that_has_learnt_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telco, "X", ROWS)
    monkeypatch.setattr(telco, "y", OUTCOME)
    with parallel_config(backend="sequential"):
        scores = telco.fold_scores(Witness())
    assert {name: len(values) for name, values in scores.items()} == dict.fromkeys(telco.SCORES, 15)


def test_search_and_calibration_see_no_row_but_those_that_fit_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_pipeline.build.CANDIDATES", 2)
    given = ROWS.sample(300, seed=0)
    outcome = OUTCOME[(given["mark"] / 10).to_numpy().astype(int) - 1]
    with watch("mark") as seen, threadpool_limits(1):
        telco.SearchedAndCalibrated().fit(given, outcome)
    rows = frozenset(int(mark / 10) for mark in given["mark"])
    assert frozenset.union(*seen.fits) == rows
    assert all(question.about <= rows - question.learnt_from for question in seen.questions)
