"""Training & Evaluating: a child run per candidate, judged on the last month of the past; the winner is fitted again
on all of the past and registered as the challenger.

The holdout month chooses nothing here: it is kept for the question whether the challenger may go live (gate.py).
"""

from dataclasses import dataclass
from pathlib import Path

import mlflow
import polars as pl
from mlflow.entities.model_registry import ModelVersion
from sklearn.pipeline import Pipeline

from churn.evaluation.scores import score
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.train import fitted, training_and_holdout
from churn.value import best_threshold
from tracking_pipeline.build import BASELINE, CANDIDATES, Candidate, estimator
from tracking_pipeline.record import child_run
from tracking_pipeline.registry import log_model, register

MOST_ROWS_TO_SEARCH = 30_000  # ranking candidates needs fewer rows than fitting the winner
CHARGE = "monthly_charge_eur"


@dataclass(frozen=True)
class Trial:
    """A candidate and how it did on the month it was judged on."""

    candidate: Candidate
    run_id: str
    threshold: float  # of the churn probability, from which a call earned most
    metrics: dict[str, float]


def train(lake: Path, month: str, registered: str, tags: dict[str, str]) -> tuple[list[Trial], str, ModelVersion]:
    """Try every candidate. Returns the trials, best first; the URI of the baseline's model; and the challenger."""
    rows, _ = training_and_holdout(lake, month)
    past, last = split_off_last_month(rows)
    sample = past.sample(min(len(past), MOST_ROWS_TO_SEARCH), seed=0)
    trials = sorted((tried(one, sample, last, tags) for one in CANDIDATES), key=lambda trial: trial.metrics["log_loss"])
    winner = trials[0]
    mlflow.set_tag("winner", winner.candidate.name)
    mlflow.log_metrics({f"winner_{name}": value for name, value in winner.metrics.items()})
    baseline_uri, _ = refitted(BASELINE, rows, None, tags)
    return trials, baseline_uri, challenger(winner.candidate, winner.threshold, rows, registered, tags)


def split_off_last_month(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All months but the last, and the last. With a single month both are that month: better than no judgement."""
    last = rows["month"].max()
    past = rows.filter(pl.col("month") < last)
    return (past if len(past) else rows), rows.filter(pl.col("month") == last)


def tried(candidate: Candidate, past: pl.DataFrame, last: pl.DataFrame, tags: dict[str, str]) -> Trial:
    """One child run: fit on `past`, judge on the month `last`."""
    with child_run("train", tags, name=candidate.name, family=candidate.family) as run:
        mlflow.log_params(candidate.parameters)
        model, threshold, metrics = fitted_and_judged(candidate, past, last)
        info = log_model(model, past, threshold)
        mlflow.log_metrics(metrics, model_id=info.model_id)
        return Trial(candidate, run.info.run_id, threshold, metrics)


def fitted_and_judged(
    candidate: Candidate, past: pl.DataFrame, last: pl.DataFrame
) -> tuple[Pipeline, float, dict[str, float]]:
    """The work of a trial, with nothing recorded: the model, its threshold and its scores."""
    model = fitted(estimator(candidate), past)
    probability = churn_probability(model, last)
    threshold = best_threshold(last[LABEL], probability, last[CHARGE])
    return model, threshold, score(last[LABEL], probability, threshold, last[CHARGE]).as_dict()


def challenger(
    candidate: Candidate, threshold: float, rows: pl.DataFrame, registered: str, tags: dict[str, str]
) -> ModelVersion:
    """Fit a candidate on all of the past, and register it as a new version. Nothing goes live by that."""
    uri, run_id = refitted(candidate, rows, threshold, tags)
    about = f"{candidate.name}, fitted on what was known at the end of {tags['month']}"
    return register(registered, uri, run_id, {"month": tags["month"], "training_run": run_id}, about)


def refitted(
    candidate: Candidate, rows: pl.DataFrame, threshold: float | None, tags: dict[str, str]
) -> tuple[str, str]:
    """One child run: fit on all `rows`. Without a threshold, the one that earns most on these rows.

    Returns the URI of the logged model and the run's id.
    """
    with child_run("train", tags, name=f"{candidate.name}, refitted", family=candidate.family) as run:
        mlflow.log_params({**candidate.parameters, "refitted": True})
        model = fitted(estimator(candidate), rows)
        if threshold is None:
            threshold = best_threshold(rows[LABEL], churn_probability(model, rows), rows[CHARGE])
        mlflow.log_param("threshold", threshold)
        return log_model(model, rows, threshold).model_uri, run.info.run_id
