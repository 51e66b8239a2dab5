"""Training & Evaluating, nested: scikit-learn searches, calibrates and chooses the threshold; MLflow keeps it all.

The estimator is the model pipeline's, with everything that is fitted inside it. The record, the registry and the gate
are the tracking pipeline's. This file only puts one into the other.
"""

from pathlib import Path

import mlflow
import polars as pl
from mlflow.entities.model_registry import ModelVersion

from churn import train as plain
from churn.evaluation.scores import Scores
from churn.lake import new_partition, partition
from churn.storage.atomic import sha256_of
from model_pipeline.build import trials
from model_pipeline.train import fit_best
from tracking_pipeline.record import child_run, record_dataset
from tracking_pipeline.train import record_baseline, register


def train(lake: Path, month: str, seed: int) -> Scores:
    """Write `model` (the baseline) and `challenger` (the number of the new version) of the month.

    Returns the baseline's scores on the hold-out month.
    """
    scores = plain.train(lake, month)
    rows, holdout = plain.training_and_holdout(lake, month)
    for name, part in (("train", rows), ("holdout", holdout)):
        file = partition(lake, "training", month) / f"{name}.parquet"
        record_dataset(part, file, name, sha256_of(file), context=name)
    record_baseline(partition(lake, "model", month), rows, scores)
    challenger = searched_and_registered(rows, month, seed)
    with new_partition(partition(lake, "challenger", month)) as folder:
        (folder / "version.txt").write_text(str(challenger.version), encoding="utf-8")
    return scores


def searched_and_registered(rows: pl.DataFrame, month: str, seed: int) -> ModelVersion:
    """Fit the model pipeline's estimator, record each trial of its search, and register it as @challenger."""
    model, searched = fit_best(rows, seed)
    for trial in trials(searched):
        with child_run(f"{trial['model']} {trial['log_loss']:.4f}", stage="train", role="trial", family=trial["model"]):
            mlflow.log_params(trial["parameters"])
            mlflow.log_metric("log_loss", trial["log_loss"])
    best = trials(searched)[0]
    name = f"searched {best['model']}, calibrated"
    with child_run(name, stage="train", role="challenger", family=best["model"]) as run:
        mlflow.log_params({**best["parameters"], "threshold": model.threshold})
        return register(model, model.threshold, rows, month, run, name)
