"""Training & Evaluating: search, calibrate, choose the threshold by euros; each step wraps the one before and
is one estimator.

    TunedThresholdClassifierCV( CalibratedClassifierCV( Pipeline( validate -> process -> model ) ) )

Whatever is fitted, is fitted inside the folds. What is no feature travels beside the table, by metadata
routing, and scikit-learn cuts it to the rows of each fold: the month to the splitters, the monthly charge to
the scorer that counts euros.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, RandomizedSearchCV, TunedThresholdClassifierCV
from threadpoolctl import threadpool_limits

from churn import train as plain
from churn.lake import new_partition, partition
from churn.process import LABEL
from churn.scores import Scores, score
from churn.value import campaign_value_eur
from model_pipeline.build import CANDIDATES, OPERATOR, search
from model_pipeline.columns import Columns
from model_pipeline.model_file import save_model
from model_pipeline.periods import PeriodSplit, halves, newest_periods, to_search

NO_ONE = 1.01  # a threshold that no probability reaches: the choice to call nobody must be on the list
TICKS = 12  # of the progress bar, for one search
THRESHOLDS = np.append(np.geomspace(0.002, 0.95, 200), NO_ONE)


@dataclass(frozen=True)
class Table:
    """Rows and their outcome, shape (n,). `positive` is the outcome that means leaving: True or a word of it."""

    rows: pl.DataFrame
    outcome: NDArray[Any]
    positive: bool | str
    monthly_charge: NDArray[np.float64] | None  # None if the table has no such column
    period: NDArray[Any] | None  # sortable: when each row was; None if the table has no time


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


class Ticker:
    """A scikit-learn callback: calls `tick` TICKS times, evenly, while `fits` fits of a search are done."""

    def __init__(self, tick: Callable[[], None], fits: int) -> None:
        self.tick = tick
        self.fits = fits
        self.done = 0

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if context.max_subtasks == 0:
            for _ in range(TICKS * (self.done + 1) // self.fits - TICKS * self.done // self.fits):
                self.tick()
            self.done += 1


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
            calibrated(tried, table),
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


def trials(tried: RandomizedSearchCV) -> list[dict[str, Any]]:
    """What the search tried, best first: log loss, model and parameters."""
    results = tried.cv_results_
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


def calibrated(tried: RandomizedSearchCV, table: Table) -> CalibratedClassifierCV:
    """The winner of the search, unfitted: to be fitted on parts of the table, and set right (Platt) on the others."""
    winner = clone(tried.estimator).set_params(**clone(tried.best_params_, safe=False))
    return CalibratedClassifierCV(winner, method="sigmoid", cv=halves(table.period))


def campaign_scorer(table: Table) -> Any:
    """What the threshold maximises: the campaign's value; without charges, balanced accuracy."""
    if table.monthly_charge is None:
        return make_scorer(_balanced_accuracy, pos_label=table.positive)
    return make_scorer(_campaign_value, pos_label=table.positive).set_score_request(monthly_charge=True)


def churn_probability(model: Any, rows: pl.DataFrame) -> NDArray[np.float64]:
    """The probability of the positive outcome, shape (n,), in the order of `rows`."""
    positive = list(model.classes_).index(model.pos_label)
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(rows)[:, positive])


def _campaign_value(outcome: ArrayLike, called: ArrayLike, *, pos_label: object, monthly_charge: ArrayLike) -> float:
    return campaign_value_eur(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label, monthly_charge)


def _balanced_accuracy(outcome: ArrayLike, called: ArrayLike, *, pos_label: object) -> float:
    return float(balanced_accuracy_score(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label))
