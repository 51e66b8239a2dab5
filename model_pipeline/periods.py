"""Folds in calendar order: search and threshold judge a model only on months after those that it has learnt from.

This does not hold for calibration, where each half of the months calibrates a model of the other half. With fewer than
five months to train on, all folds are random. Neither case touches the hold-out month.

scikit-learn's `TimeSeriesSplit` cuts by row count, through the middle of a month. `PeriodSplit` keeps a month whole.
The month is not a column of X, so no model can learn from it. It travels next to X, as `groups`, by metadata routing.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator, GroupKFold, StratifiedShuffleSplit

Rows = NDArray[np.intp]

FEWEST_PERIODS = 5  # choosing the threshold holds out three, and calibration halves the rest
STRATIFIED_FOLDS = 3
MOST_ROWS = 25_000  # enough to compare candidates or to choose a threshold; the winner is fitted on all rows


class PeriodSplit(BaseCrossValidator):
    """Give `folds` test sets, the newest last. Each is one whole period, with all rows before it to train on.

    With more than `most_rows` rows to train on, a random sample of that size is taken.
    """

    __metadata_request__split: ClassVar = {"groups": True}  # tells scikit-learn to route `groups` to `split`

    def __init__(self, folds: int = 2, most_rows: int | None = None, random_state: int = 0) -> None:
        self.folds = folds
        self.most_rows = most_rows
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.folds

    def split(self, X: Any, y: Any = None, groups: ArrayLike | None = None) -> Iterator[tuple[Rows, Rows]]:
        """Raises ValueError without groups, or with fewer than `folds` + 1 different ones."""
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


Folds: TypeAlias = PeriodSplit | GroupKFold | StratifiedShuffleSplit | int  # an int: that many stratified folds


def to_search(period: ArrayLike, seed: int) -> Folds:
    """Return the folds for comparing candidates: train on a sample, test on the whole newest period.

    `period` is the period of each row, shape (rows,). With fewer than FEWEST_PERIODS different ones, this function and
    the next two return random folds instead.
    """
    if _enough(period):
        return PeriodSplit(1, MOST_ROWS, seed)
    if len(np.asarray(period)) <= 1.5 * MOST_ROWS:
        return STRATIFIED_FOLDS
    return StratifiedShuffleSplit(STRATIFIED_FOLDS, train_size=MOST_ROWS, test_size=MOST_ROWS // 2, random_state=seed)


def newest_periods(period: ArrayLike, seed: int) -> Folds:
    """Return the folds for choosing the threshold: the three newest periods, each after the rows it is trained on."""
    return PeriodSplit(3, MOST_ROWS, seed) if _enough(period) else STRATIFIED_FOLDS


def halves(period: ArrayLike) -> Folds:
    """Return the folds for calibration: a model of one half of the periods calibrates on the other half."""
    return GroupKFold(2) if _enough(period) else STRATIFIED_FOLDS


def groups(period: ArrayLike) -> dict[str, ArrayLike]:
    """Return the metadata that these folds need from `fit`. scikit-learn refuses metadata that nobody requests."""
    return {"groups": period} if _enough(period) else {}


def _enough(period: ArrayLike) -> bool:
    return len(np.unique(np.asarray(period))) >= FEWEST_PERIODS
