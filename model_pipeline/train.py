"""Training & Evaluating: search, calibrate, choose the threshold by euros. Each step is an estimator around the last.

    TunedThresholdClassifierCV( CalibratedClassifierCV( Pipeline( validate -> process -> model ) ) )

Everything that is fitted is fitted inside the folds. Two columns travel next to the table, by metadata routing. The
month goes to the splitters, and the monthly charge to the scorer that counts euros. scikit-learn cuts both to the rows
of each fold.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, RandomizedSearchCV, TunedThresholdClassifierCV
from threadpoolctl import threadpool_limits

from churn import train as plain
from churn.evaluation.scores import Scores, score
from churn.lake import new_partition, partition
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from model_pipeline.build import boosted_trees, search, spline_regression, trials
from model_pipeline.campaign import THRESHOLDS, campaign_scorer
from model_pipeline.model_file.skops_file import save_model
from model_pipeline.periods import Folds, groups, halves, newest_periods, to_search


def train(lake: Path, month: str, *, seed: int = 0, callbacks: Sequence[Any] = ()) -> Scores:
    """Write `model` (the baseline) and `best` of the month. Return the baseline's scores on the holdout month."""
    baseline_scores = plain.train(lake, month)
    rows, holdout = plain.training_and_holdout(lake, month)
    model, searched = fit_best(rows, seed, callbacks)
    scores = score(holdout[LABEL], churn_probability(model, holdout), model.threshold, holdout["monthly_charge_eur"])
    with new_partition(partition(lake, "best", month)) as folder:
        save_model(model, folder / "model.skops")
        (folder / "scores.json").write_text(json.dumps({"threshold": model.threshold, **scores.as_dict()}))
        (folder / "trials.json").write_text(json.dumps(trials(searched), indent=1))
    return baseline_scores


def fit_best(
    rows: pl.DataFrame, seed: int, callbacks: Sequence[Any] = ()
) -> tuple[FixedThresholdClassifier, RandomizedSearchCV]:
    """Return the model to deploy and the finished search. `callbacks` are scikit-learn's, for the search.

    One thread, because the order of a sum must not depend on the machine.
    """
    months, churned = rows["month"].to_numpy(), rows[LABEL].to_numpy()
    with threadpool_limits(1), config_context(enable_metadata_routing=True):
        searched = search(spline_regression(), boosted_trees(seed=seed), to_search(months, seed), seed)
        searched.set_callbacks(*callbacks).fit(rows, churned, **groups(months))
        tuned = TunedThresholdClassifierCV(
            calibrated(searched, halves(months)),
            scoring=campaign_scorer(),
            thresholds=THRESHOLDS,
            cv=newest_periods(months, seed),
        )
        tuned.fit(rows, churned, **groups(months), monthly_charge_eur=rows["monthly_charge_eur"].to_numpy())
    return frozen(tuned), searched


def calibrated(searched: RandomizedSearchCV, folds: Folds) -> CalibratedClassifierCV:
    """Return the search's winner in a calibration (Platt's), both unfitted."""
    # Copies, as in the search's own refit: set_params must not change the steps that search_space offers. `safe=False`
    # lets clone copy the plain numbers among the parameters, too.
    winner = clone(searched.estimator).set_params(**clone(searched.best_params_, safe=False))
    return CalibratedClassifierCV(winner, method="sigmoid", cv=folds)


def frozen(tuned: TunedThresholdClassifierCV) -> FixedThresholdClassifier:
    """Return the tuned model as one that `fit` cannot change. It predicts True from the threshold up."""
    return FixedThresholdClassifier(
        FrozenEstimator(tuned.estimator_), threshold=float(tuned.best_threshold_), pos_label=True
    )
