"""Training & Evaluating: a run per candidate, judged on the newest month of the training rows. The best one is fitted
on all of them and registered as the challenger.

The hold-out month chooses nothing here: it is kept for the question whether the challenger may go live (gate.py).
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from sklearn.pipeline import Pipeline

from churn import train as plain
from churn.evaluation.scores import Scores
from churn.lake import new_partition, partition
from churn.storage.model_file import load_model
from tracking_pipeline.candidates.estimators import BASELINE, CANDIDATES, Candidate, estimator
from tracking_pipeline.candidates.judged import Trial, judged, rows_to_search
from tracking_pipeline.record import inherited_tags
from tracking_pipeline.registry import CHALLENGER, model_name, model_settings
from tracking_pipeline.safety.checked import digest_tag


def train(lake: Path, month: str) -> Scores:
    """Write `model` of the month, which is the baseline; record it, try every candidate, register the best one.

    Its version is in `challenger` of the month: someone else may have moved @challenger before deploy runs.

    Returns the baseline's scores on the hold-out month.
    """
    scores = plain.train(lake, month)
    rows, _ = plain.training_and_holdout(lake, month)
    record_baseline(partition(lake, "model", month), rows, scores)
    past, newest = rows_to_search(rows)
    trials = [tried(candidate, past, newest) for candidate in CANDIDATES]
    winner = min(trials, key=lambda trial: trial.metrics["log_loss"])
    mlflow.set_tag("winner", winner.candidate.name)
    mlflow.log_metrics({f"winner_{name}": value for name, value in winner.metrics.items()})
    challenger = put_forward(winner.candidate, estimator(winner.candidate), winner.threshold, rows, month)
    with new_partition(partition(lake, "challenger", month)) as folder:
        (folder / "version.txt").write_text(str(challenger.version), encoding="utf-8")
    return scores


def tried(candidate: Candidate, past: pl.DataFrame, newest: pl.DataFrame) -> Trial:
    """Fit a candidate on `past` and judge it on the month `newest`, in its own run."""
    tags = inherited_tags(stage="train", role="trial", family=candidate.family)
    with mlflow.start_run(run_name=candidate.name, nested=True, tags=tags):
        mlflow.log_params(candidate.parameters)
        trial = judged(candidate, past, newest)
        info = mlflow.sklearn.log_model(trial.model, name="model", **model_settings(trial.model, past, trial.threshold))
        mlflow.log_metrics(trial.metrics, model_id=info.model_id)
    return trial


def put_forward(
    candidate: Candidate, model: Pipeline, threshold: float, rows: pl.DataFrame, month: str
) -> ModelVersion:
    """Fit a candidate on all rows and register it as a new version, @challenger. That puts nothing live.

    The threshold stays that of its trial: there it was chosen on customers that the model had not seen.
    """
    tags = inherited_tags(stage="train", role="challenger", family=candidate.family)
    with mlflow.start_run(run_name=f"{candidate.name}, fitted on all rows", nested=True, tags=tags) as run:
        mlflow.log_params({**candidate.parameters, "threshold": threshold})
        plain.fitted(model, rows)
        return register(model, threshold, rows, month, run, candidate.name)


def register(model: Any, threshold: float, rows: pl.DataFrame, month: str, run: Run, candidate: str) -> ModelVersion:
    """Log a fitted model in `run`, which is active, and register it as a new version, @challenger."""
    info = mlflow.sklearn.log_model(model, name="model", **model_settings(model, rows, threshold))
    about = {"month": month, "candidate": candidate, **digest_tag(info.model_uri)}
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
