"""Training & Evaluating: search, calibrate, choose the threshold by euros; each step wraps the one before and
is one estimator.

    TunedThresholdClassifierCV( CalibratedClassifierCV( Pipeline( validate -> process -> model ) ) )

Whatever is fitted, is fitted inside the folds. What is no feature travels beside the table, by metadata
routing, and scikit-learn cuts it to the rows of each fold: the month to the splitters, the monthly charge to
the scorer that counts euros.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, RandomizedSearchCV, TunedThresholdClassifierCV
from threadpoolctl import threadpool_limits

from churn import train as plain
from churn.evaluation.scores import Scores, score
from churn.lake import new_partition, partition
from churn.tables import LABEL
from model_pipeline.build import CANDIDATES, OPERATOR, search, trials
from model_pipeline.callback import Ticker
from model_pipeline.campaign import THRESHOLDS, campaign_scorer
from model_pipeline.columns import Columns, Table
from model_pipeline.model_file.skops_file import save_model
from model_pipeline.periods import PeriodSplit, halves, newest_periods, to_search


def train(lake: Path, month: str, seed: int, tick: Callable[[], None] = lambda: None) -> tuple[Scores, Scores]:
    """Write `model` (the baseline) and `best` of the month; return the scores of both on the holdout month."""
    baseline_scores = plain.train(lake, month)
    rows, holdout = plain.training_and_holdout(lake, month)
    model, tried = fit_best(operator_table(rows), OPERATOR, seed, tick)
    scores = score(holdout[LABEL], churn_probability(model, holdout), model.threshold, holdout["monthly_charge_eur"])
    with new_partition(partition(lake, "best", month)) as folder:
        save_model(model, folder / "model.skops")
        (folder / "scores.json").write_text(json.dumps({"threshold": model.threshold, **scores.as_dict()}))
        (folder / "trials.json").write_text(json.dumps(trials(tried), indent=1))
    return baseline_scores, scores


def operator_table(rows: pl.DataFrame) -> Table:
    return Table(rows, rows[LABEL].to_numpy(), True, rows["monthly_charge_eur"].to_numpy(), rows["month"].to_numpy())


def fit_best(
    table: Table, columns: Columns, seed: int, tick: Callable[[], None] = lambda: None
) -> tuple[FixedThresholdClassifier, RandomizedSearchCV]:
    """Return the model to deploy and the finished search. One thread, because sums must not depend on the machine."""
    with threadpool_limits(1), config_context(enable_metadata_routing=True):
        folds = to_search(len(table.rows), table.period, seed)
        when = {"groups": table.period} if isinstance(folds, PeriodSplit) else {}
        fits = CANDIDATES * (folds if isinstance(folds, int) else folds.get_n_splits())
        tried = search(columns, folds, seed).set_callbacks(Ticker(tick, fits))
        tried.fit(table.rows, table.outcome, **when)
        tuned = TunedThresholdClassifierCV(
            calibrated(tried, table.period),
            scoring=campaign_scorer(table),
            thresholds=THRESHOLDS,
            cv=newest_periods(table.period, seed),
        )
        charge = {} if table.monthly_charge is None else {"monthly_charge": table.monthly_charge}
        tuned.fit(table.rows, table.outcome, **when, **charge)
    # Frozen: what was tuned on these rows must not be fitted again by somebody who calls fit.
    model = FixedThresholdClassifier(
        FrozenEstimator(tuned.estimator_), threshold=float(tuned.best_threshold_), pos_label=table.positive
    )
    return model, tried


def calibrated(tried: RandomizedSearchCV, period: NDArray[Any] | None) -> CalibratedClassifierCV:
    """The winner of the search, unfitted: to be fitted on parts of the table, and set right (Platt) on the others."""
    winner = clone(tried.estimator).set_params(**clone(tried.best_params_, safe=False))
    return CalibratedClassifierCV(winner, method="sigmoid", cv=halves(period))


def churn_probability(model: Any, rows: pl.DataFrame) -> NDArray[np.float64]:
    """The probability of the positive outcome, shape (n,), in the order of `rows`."""
    positive = list(model.classes_).index(model.pos_label)
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(rows)[:, positive])
