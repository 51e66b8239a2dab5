"""Fit a model on a user's table, as train.py does. The outcome is a word; charge and time may be unknown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.metrics import balanced_accuracy_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    TunedThresholdClassifierCV,
)
from threadpoolctl import threadpool_limits

from churn.value import campaign_value_eur
from model_pipeline.build import search
from model_pipeline.campaign import THRESHOLDS
from model_pipeline.own_table.columns import Columns, Table
from model_pipeline.own_table.customers import BUCKETS
from model_pipeline.own_table.pipelines import boosted_trees, input_check, spline_regression
from model_pipeline.periods import MOST_ROWS, STRATIFIED_FOLDS, Folds, groups, halves, newest_periods, to_search
from model_pipeline.train import calibrated, frozen

LEAF = "model__min_samples_leaf"
FEWEST_LEAVES = 10  # that the rows to search with must be enough for


def fit_best(
    table: Table, columns: Columns, seed: int, callbacks: Sequence[Any] = ()
) -> tuple[FixedThresholdClassifier, RandomizedSearchCV]:
    """Return the model to deploy and the finished search. `callbacks` are scikit-learn's, for the search."""
    charge = {} if table.monthly_charge is None else {"monthly_charge": table.monthly_charge}
    few, comparing, calibrating, choosing, metadata = folds_of(table, columns, seed)
    with threadpool_limits(1), config_context(enable_metadata_routing=True):
        searched = search(spline_regression(columns), boosted_trees(columns, seed), comparing, seed)
        _limit_leaves(searched, most=max(len(few) // FEWEST_LEAVES, 1))
        searched.set_callbacks(*callbacks).fit(
            table.rows[few], table.outcome[few], **{name: values[few] for name, values in metadata.items()}
        )
        tuned = TunedThresholdClassifierCV(
            calibrated(searched, calibrating), scoring=scorer(table), thresholds=THRESHOLDS, cv=choosing
        )
        tuned.fit(table.rows, table.outcome, **metadata, **charge)
    return frozen(tuned).set_params(pos_label=table.positive), searched


def _limit_leaves(searched: RandomizedSearchCV, most: int) -> None:
    """Let no leaf of the candidates demand more than `most` rows.

    The search learns from most rows, but a calibration inside a threshold's fold from only a third of them. A tree that
    wins with 200 rows a leaf could not split there, and would give every row the same probability.
    """
    for space in searched.param_distributions:
        if LEAF in space:
            space[LEAF] = [min(rows, most) for rows in space[LEAF]]


def folds_of(
    table: Table, columns: Columns, seed: int
) -> tuple[NDArray[np.intp], Folds, Folds, Folds, Mapping[str, Any]]:
    """Return the rows to search with, the folds to search, to calibrate and to choose the threshold, and metadata.

    Folds keep a customer whole, or follow the time, or are random.
    """
    everything = np.arange(len(table.rows))
    if table.bucket is not None:
        by_customer = StratifiedGroupKFold(STRATIFIED_FOLDS)
        share = 1.5 * MOST_ROWS / len(table.rows)  # as many rows as the other folds take
        few = everything if share >= 1 else np.flatnonzero(table.bucket < share * BUCKETS)
        return few, by_customer, by_customer, by_customer, {"groups": table.bucket}
    period = np.zeros(len(table.rows), np.int64)  # one period: folds are random
    if table.period is not None and _known_in_every_period(table.rows, table.period, columns):
        period = table.period
    return everything, to_search(period, seed), halves(period), newest_periods(period, seed), groups(period)


def _known_in_every_period(rows: pl.DataFrame, period: NDArray[Any], columns: Columns) -> bool:
    """Return whether some column has a value in every period, so that each fold has something to learn from."""
    values = input_check(columns).transform(rows)
    known = values.select(pl.all().is_not_null()).group_by(pl.Series("", period)).agg(pl.all().any())
    return any(known[name].all() for name in columns.names)


def scorer(table: Table) -> Any:
    """Return the campaign's value where the charges are known, and balanced accuracy where they are not."""
    if table.monthly_charge is None:
        return make_scorer(_balanced_accuracy, pos_label=table.positive)
    return make_scorer(_campaign_value, pos_label=table.positive).set_score_request(monthly_charge=True)


def _campaign_value(outcome: ArrayLike, called: ArrayLike, *, pos_label: object, monthly_charge: ArrayLike) -> float:
    return campaign_value_eur(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label, monthly_charge)


def _balanced_accuracy(outcome: ArrayLike, called: ArrayLike, *, pos_label: object) -> float:
    return float(balanced_accuracy_score(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label))
