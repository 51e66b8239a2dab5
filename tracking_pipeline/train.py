"""Training & Evaluating: a run per candidate, judged on the newest month of the training rows. The best one is fitted
on all of them and registered as the challenger.

The hold-out month chooses nothing here: it is kept for the question whether the challenger may go live (gate.py).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from sklearn.pipeline import Pipeline

from churn import train as plain
from churn.evaluation.scores import Scores, score
from churn.lake import partition
from churn.storage.model_file import churn_probability, load_model
from churn.tables import LABEL
from churn.value import best_threshold
from tracking_pipeline.build import BASELINE, CANDIDATES, Candidate, estimator
from tracking_pipeline.record import inherited_tags
from tracking_pipeline.registry import CHALLENGER, model_name, model_settings
from tracking_pipeline.safety.checked import digest_tag

MOST_ROWS_TO_SEARCH = 30_000  # ranking candidates needs fewer rows than fitting the winner
CHARGE = "monthly_charge_eur"


@dataclass(frozen=True)
class Trial:
    """A candidate, and how it did on the month that it was judged on."""

    candidate: Candidate
    threshold: float  # the churn probability from which a call earned most
    metrics: dict[str, float]


def train(lake: Path, month: str) -> Scores:
    """Write `model` of the month, which is the baseline; record it, try every candidate, register the best one.

    Returns the baseline's scores on the hold-out month.
    """
    scores = plain.train(lake, month)
    rows, _ = plain.training_and_holdout(lake, month)
    record_baseline(partition(lake, "model", month), rows, scores)
    past, last = split_off_last_month(rows)
    sample = past.sample(min(len(past), MOST_ROWS_TO_SEARCH), seed=0)
    trials = [tried(candidate, sample, last) for candidate in CANDIDATES]
    winner = min(trials, key=lambda trial: trial.metrics["log_loss"])
    mlflow.set_tag("winner", winner.candidate.name)
    mlflow.log_metrics({f"winner_{name}": value for name, value in winner.metrics.items()})
    put_forward(winner.candidate, estimator(winner.candidate), winner.threshold, rows, month)
    return scores


def tried(candidate: Candidate, past: pl.DataFrame, last: pl.DataFrame) -> Trial:
    """Fit a candidate on `past` and judge it on the month `last`, in its own run."""
    tags = inherited_tags(stage="train", role="trial", family=candidate.family)
    with mlflow.start_run(run_name=candidate.name, nested=True, tags=tags):
        mlflow.log_params(candidate.parameters)
        model, threshold, metrics = fitted_and_judged(candidate, past, last)
        info = mlflow.sklearn.log_model(model, name="model", **model_settings(model, past, threshold))
        mlflow.log_metrics(metrics, model_id=info.model_id)
    return Trial(candidate, threshold, metrics)


def put_forward(
    candidate: Candidate, model: Pipeline, threshold: float, rows: pl.DataFrame, month: str
) -> ModelVersion:
    """Fit a candidate on all rows and register it as a new version, @challenger. That puts nothing live."""
    tags = inherited_tags(stage="train", role="challenger", family=candidate.family)
    with mlflow.start_run(run_name=f"{candidate.name}, fitted on all rows", nested=True, tags=tags) as run:
        mlflow.log_params({**candidate.parameters, "threshold": threshold})
        plain.fitted(model, rows)
        info = mlflow.sklearn.log_model(model, name="model", **model_settings(model, rows, threshold))
    about = {"month": month, "candidate": candidate.name, **digest_tag(info.model_uri)}
    client = MlflowClient()
    version = client.create_model_version(model_name(), info.model_uri, run.info.run_id, about, model_id=info.model_id)
    client.set_registered_model_alias(version.name, CHALLENGER, version.version)
    return version


def record_baseline(folder: Path, rows: pl.DataFrame, scores: Scores) -> None:
    """Log the plain answer's model, as it is in the lake. It is not registered: it is the yardstick."""
    threshold = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["threshold"]
    model = load_model(folder / "model.skops")
    with mlflow.start_run(run_name="baseline", nested=True, tags=inherited_tags(stage="train", role="baseline")):
        mlflow.log_params({**BASELINE.parameters, "threshold": threshold})
        mlflow.log_metrics({f"holdout_{name}": value for name, value in scores.as_dict().items()})
        mlflow.sklearn.log_model(model, name="model", **model_settings(model, rows, threshold))


def split_off_last_month(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return all months but the last, and the last. With a single month, both are that month."""
    last = rows["month"].max()
    past = rows.filter(pl.col("month") < last)
    return (past if len(past) else rows), rows.filter(pl.col("month") == last)


def fitted_and_judged(
    candidate: Candidate, past: pl.DataFrame, last: pl.DataFrame
) -> tuple[Pipeline, float, dict[str, float]]:
    """Do the work of a trial and record nothing. Returns the model, its threshold and its scores."""
    model = plain.fitted(estimator(candidate), past)
    probability = churn_probability(model, last)
    threshold = best_threshold(last[LABEL], probability, last[CHARGE])
    return model, threshold, score(last[LABEL], probability, threshold, last[CHARGE]).as_dict()
