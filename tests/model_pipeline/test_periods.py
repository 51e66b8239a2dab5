"""No model, calibration or threshold is ever judged on a month before the last one it has learnt from."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GroupKFold,
    RandomizedSearchCV,
    StratifiedShuffleSplit,
    TunedThresholdClassifierCV,
)

from model_pipeline.periods import (
    FEWEST_PERIODS,
    MOST_ROWS,
    STRATIFIED_FOLDS,
    PeriodSplit,
    groups,
    halves,
    newest_periods,
    to_search,
)

MONTH = np.repeat(np.arange(1, 9), 40)
MONTHS = np.array([f"2025-{month:02d}" for month in MONTH])


@given(st.lists(st.integers(0, 7), min_size=2, max_size=60), st.integers(1, 4))
def test_every_test_set_is_one_whole_period_and_all_training_rows_are_older(periods: list[int], folds: int) -> None:
    groups = np.array(periods)
    if len(set(periods)) <= folds:
        with pytest.raises(ValueError, match="periods"):
            list(PeriodSplit(folds).split(groups, groups=groups))
        return
    cuts = list(PeriodSplit(folds).split(groups, groups=groups))
    tested = [set(groups[test]) for _, test in cuts]
    assert tested == [{period} for period in sorted(set(periods))[-folds:]]
    for train, test in cuts:
        period = groups[test][0]
        assert sorted(test) == list(np.flatnonzero(groups == period))
        assert sorted(train) == list(np.flatnonzero(groups < period))


@given(st.integers(1, 100))
def test_a_sample_is_drawn_from_the_older_rows_and_is_the_same_each_time(most_rows: int) -> None:
    splitter = PeriodSplit(2, most_rows=most_rows, random_state=5)
    for (train, test), (again, _) in zip(
        splitter.split(MONTHS, groups=MONTHS), splitter.split(MONTHS, groups=MONTHS), strict=True
    ):
        assert len(train) == len(set(train)) == most_rows
        assert MONTH[train].max() < MONTH[test].min()
        assert np.array_equal(train, again)


def test_without_a_limit_all_older_rows_are_taken_and_a_sample_keeps_their_order() -> None:
    (everything, _), _ = PeriodSplit(most_rows=280).split(MONTHS, groups=MONTHS)
    assert everything.tolist() == list(range(240))
    *_, (sampled, _) = PeriodSplit(most_rows=279).split(MONTHS, groups=MONTHS)
    assert len(sampled) == 279
    assert sampled.tolist() == sorted(sampled)
    *_, (another, _) = PeriodSplit(most_rows=279, random_state=1).split(MONTHS, groups=MONTHS)
    assert sampled.tolist() != another.tolist()


def test_two_folds_unless_told_otherwise() -> None:
    assert PeriodSplit().get_n_splits() == len(list(PeriodSplit().split(MONTHS, groups=MONTHS))) == 2
    assert PeriodSplit(3).get_n_splits(MONTHS, None, MONTHS) == 3
    assert (PeriodSplit().most_rows, PeriodSplit().random_state) == (None, 0)


def test_what_it_cannot_split_it_refuses() -> None:
    with pytest.raises(ValueError, match=r"^PeriodSplit needs the period of each row: fit\(X, y, groups=periods\)$"):
        list(PeriodSplit().split(MONTHS))
    with pytest.raises(ValueError, match=r"^8 folds need 9 periods, and there are 8$"):
        list(PeriodSplit(8).split(MONTHS, groups=MONTHS))


def test_from_five_periods_on_folds_follow_the_time() -> None:
    enough = MONTHS[: 40 * FEWEST_PERIODS]
    for folds, expected in ((to_search(enough, 7), 1), (newest_periods(enough, 7), 3)):
        assert isinstance(folds, PeriodSplit)
        assert (folds.folds, folds.most_rows, folds.random_state) == (expected, MOST_ROWS, 7)
    by_half = halves(enough)
    assert isinstance(by_half, GroupKFold)
    assert by_half.n_splits == 2
    assert groups(enough) == {"groups": enough}


def test_too_few_periods_are_split_at_random_instead() -> None:
    few = MONTHS[: 40 * (FEWEST_PERIODS - 1)]
    for period in (few, np.zeros(len(few))):
        assert to_search(period, 0) == newest_periods(period, 0) == halves(period) == STRATIFIED_FOLDS
        assert groups(period) == {}


def test_of_many_rows_without_periods_a_sample_is_searched() -> None:
    assert to_search(np.zeros(3 * MOST_ROWS // 2), 0) == STRATIFIED_FOLDS
    rows = np.zeros(3 * MOST_ROWS // 2 + 1)
    sampled = to_search(rows, 7)
    assert isinstance(sampled, StratifiedShuffleSplit)
    assert (sampled.n_splits, sampled.random_state) == (STRATIFIED_FOLDS, 7)
    train, test = next(sampled.split(rows, np.arange(len(rows)) % 2))
    assert (len(train), len(test)) == (MOST_ROWS, MOST_ROWS // 2)


class Witness(ClassifierMixin, BaseEstimator):
    """Learns nothing, and notes the months of the rows it is fitted on. X has one column: the month's number."""

    seen: list[tuple[str, set[int]]] = []  # noqa: RUF012 (shared on purpose: scikit-learn clones the instances)

    def __init__(self, c: float = 0.0) -> None:
        self.c = c

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> "Witness":
        Witness.seen.append(("fit", set(X[:, 0])))
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        p = np.linspace(0.1, 0.9, len(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return self.predict_proba(X)[:, 1] > 0.5


def witnessed_value(outcome: NDArray[Any], called: NDArray[Any], *, monthly_charge: NDArray[Any]) -> float:
    """The charge is the month's number, too: so the scorer can tell which rows were routed to it."""
    Witness.seen.append(("judge", set(monthly_charge)))
    return float(called.sum())


def test_search_and_threshold_only_ever_judge_months_after_those_learnt_from() -> None:
    X, y = MONTH[:, None].astype(float), np.tile([True, False], 160)
    Witness.seen.clear()
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(witnessed_value).set_score_request(monthly_charge=True)
        search = RandomizedSearchCV(
            Witness(), {"c": [0.0, 1.0]}, n_iter=2, cv=to_search(MONTHS, 0), scoring=scorer, refit=False
        )
        search.fit(X, y, groups=MONTHS, monthly_charge=MONTH)
        tuned = TunedThresholdClassifierCV(
            CalibratedClassifierCV(Witness(), cv=halves(MONTHS)),
            cv=newest_periods(MONTHS, 0),
            scoring=scorer,
            thresholds=5,
        )
        tuned.fit(X, y, groups=MONTHS, monthly_charge=MONTH)
    judged = verdicts(Witness.seen)
    assert {months for months, _ in judged} == {(6,), (7,), (8,)}
    for months, learnt_from in judged:
        assert max(learnt_from) < min(months)
        assert len(learnt_from) == min(months) - 1  # both halves of all that came before


def verdicts(seen: list[tuple[str, set[int]]]) -> list[tuple[tuple[int, ...], set[int]]]:
    """Each month judged, and the months that the judged model had learnt from: in one fit, or in two halves."""
    found = []
    for place, (what, months) in enumerate(seen):
        if what == "judge" and seen[place - 1][0] == "fit":
            fits = [seen[place - 1][1]]
            if len(fits[0]) < min(months) - 1:
                fits.append(seen[place - 2][1])
            newest = (tuple(sorted(months)), set.union(*fits))
        if what == "judge":
            assert tuple(sorted(months)) == newest[0]
            found.append(newest)
    return found
