"""Folds in calendar order: the newest periods are held out one by one, and nothing is ever trained on its own
future.

scikit-learn's `TimeSeriesSplit` cuts by row count, through the middle of a month; here a month stays whole. The
months are no column of X, so no model can learn from them: they travel beside it, as `groups`, by metadata
routing.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator, GroupKFold, StratifiedShuffleSplit

Rows = NDArray[np.intp]

FEWEST_PERIODS = 5  # the threshold holds back three, and calibration cuts what is left in two
STRATIFIED_FOLDS = 3
MOST_ROWS = 25_000  # telling candidates apart takes fewer rows than fitting the winner, and so does finding a threshold


class PeriodSplit(BaseCrossValidator):
    """`folds` test sets, each one whole period, the newest last; trained on all periods before it, or a sample
    of their rows.

    `split` raises ValueError without groups, or with fewer than `folds` + 1 different ones.
    """

    __metadata_request__split: ClassVar = {"groups": True}  # so that scikit-learn routes them here

    def __init__(self, folds: int = 2, most_rows: int | None = None, random_state: int = 0) -> None:
        self.folds = folds
        self.most_rows = most_rows  # to train on
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.folds

    def split(self, X: Any, y: Any = None, groups: ArrayLike | None = None) -> Iterator[tuple[Rows, Rows]]:
        if groups is None:
            raise ValueError("PeriodSplit needs the period of each row: fit(X, y, groups=periods)")
        periods, period = np.unique(np.asarray(groups), return_inverse=True)
        if len(periods) <= self.folds:
            raise ValueError(f"{self.folds} folds need {self.folds + 1} periods, and there are {len(periods)}")
        for tested in range(len(periods) - self.folds, len(periods)):
            before = np.flatnonzero(period < tested)
            if self.most_rows is not None and len(before) > self.most_rows:
                before = np.sort(np.random.default_rng(self.random_state).choice(before, self.most_rows, replace=False))
            yield before, np.flatnonzero(period == tested)


Folds: TypeAlias = PeriodSplit | GroupKFold | StratifiedShuffleSplit | int  # an int: so many stratified folds


def to_search(rows: int, period: ArrayLike | None, seed: int) -> Folds:
    """For choosing a candidate: trained on a sample, tested on all of the newest period; without time, at random."""
    if _enough(period):
        return PeriodSplit(1, MOST_ROWS, seed)
    if rows <= 1.5 * MOST_ROWS:
        return STRATIFIED_FOLDS
    return StratifiedShuffleSplit(STRATIFIED_FOLDS, train_size=MOST_ROWS, test_size=MOST_ROWS // 2, random_state=seed)


def newest_periods(period: ArrayLike | None, seed: int) -> Folds:
    """For choosing the threshold: the three newest periods, each after what came before it."""
    return PeriodSplit(3, MOST_ROWS, seed) if _enough(period) else STRATIFIED_FOLDS


def halves(period: ArrayLike | None) -> Folds:
    """For calibration: each half of the periods by a model of the other half, so that no period is lost."""
    return GroupKFold(2) if _enough(period) else STRATIFIED_FOLDS


def _enough(period: ArrayLike | None) -> bool:
    return period is not None and len(np.unique(np.asarray(period))) >= FEWEST_PERIODS
