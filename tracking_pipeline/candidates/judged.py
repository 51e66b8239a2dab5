"""Fit a candidate on the past, and judge it on the newest month of the training rows. MLflow plays no part in it."""

from dataclasses import dataclass

import polars as pl
from sklearn.pipeline import Pipeline

from churn.evaluation.scores import score
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.train import fitted
from churn.value import best_threshold
from tracking_pipeline.candidates.estimators import Candidate, estimator

MOST_ROWS_TO_SEARCH = 30_000  # ranking candidates needs fewer rows than fitting the winner
CHARGE = "monthly_charge_eur"


@dataclass(frozen=True)
class Trial:
    """A candidate, its model fitted on the past, and how it did on the month that it was judged on."""

    candidate: Candidate
    model: Pipeline
    threshold: float  # the churn probability from which a call earned most in that month
    metrics: dict[str, float]


def split_off_newest_month(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return all months but the newest, and the newest. With a single month, both are that month."""
    newest = rows["month"].max()
    past = rows.filter(pl.col("month") < newest)
    return (past if len(past) else rows), rows.filter(pl.col("month") == newest)


def rows_to_search(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a sample of the past to fit candidates on, and the newest month to judge them on."""
    past, newest = split_off_newest_month(rows)
    return past.sample(min(len(past), MOST_ROWS_TO_SEARCH), seed=0), newest


def judged(candidate: Candidate, past: pl.DataFrame, newest: pl.DataFrame) -> Trial:
    """Fit a candidate on `past` and score it on the month `newest`.

    The threshold is chosen on that month too, so a trial's campaign value flatters. Candidates are ranked by log loss,
    which needs no threshold.
    """
    model = fitted(estimator(candidate), past)
    probability = churn_probability(model, newest)
    threshold = best_threshold(newest[LABEL], probability, newest[CHARGE])
    scores = score(newest[LABEL], probability, threshold, newest[CHARGE])
    return Trial(candidate, model, threshold, scores.as_dict())
