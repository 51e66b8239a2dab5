"""Fit a model on a user's table, as train.py does. The outcome is a word; charge and time may be unknown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn import config_context
from sklearn.metrics import balanced_accuracy_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, RandomizedSearchCV, TunedThresholdClassifierCV
from threadpoolctl import threadpool_limits

from churn.value import campaign_value_eur
from model_pipeline.build import search
from model_pipeline.campaign import THRESHOLDS
from model_pipeline.own_table.columns import Columns, Table
from model_pipeline.own_table.pipelines import boosted_trees, spline_regression
from model_pipeline.periods import groups, halves, newest_periods, to_search
from model_pipeline.train import calibrated, frozen


def fit_best(
    table: Table, columns: Columns, seed: int, callbacks: Sequence[Any] = ()
) -> tuple[FixedThresholdClassifier, RandomizedSearchCV]:
    """Return the model to deploy and the finished search. `callbacks` are scikit-learn's, for the search."""
    period = np.zeros(len(table.rows)) if table.period is None else table.period  # one period: folds are random
    charge = {} if table.monthly_charge is None else {"monthly_charge": table.monthly_charge}
    with threadpool_limits(1), config_context(enable_metadata_routing=True):
        searched = search(spline_regression(columns), boosted_trees(columns, seed), to_search(period, seed), seed)
        searched.set_callbacks(*callbacks).fit(table.rows, table.outcome, **groups(period))
        tuned = TunedThresholdClassifierCV(
            calibrated(searched, halves(period)),
            scoring=scorer(table),
            thresholds=THRESHOLDS,
            cv=newest_periods(period, seed),
        )
        tuned.fit(table.rows, table.outcome, **groups(period), **charge)
    return frozen(tuned).set_params(pos_label=table.positive), searched


def scorer(table: Table) -> Any:
    """Return the campaign's value where the charges are known, and balanced accuracy where they are not."""
    if table.monthly_charge is None:
        return make_scorer(_balanced_accuracy, pos_label=table.positive)
    return make_scorer(_campaign_value, pos_label=table.positive).set_score_request(monthly_charge=True)


def _campaign_value(outcome: ArrayLike, called: ArrayLike, *, pos_label: object, monthly_charge: ArrayLike) -> float:
    return campaign_value_eur(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label, monthly_charge)


def _balanced_accuracy(outcome: ArrayLike, called: ArrayLike, *, pos_label: object) -> float:
    return float(balanced_accuracy_score(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label))
