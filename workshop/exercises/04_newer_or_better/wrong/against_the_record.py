"""Scores the challenger on the customers, and believes the record of the live version.

Message: measured on different customers
"""

from typing import Any

import mlflow
import numpy as np
from mlflow import MlflowClient
from sklearn.metrics import log_loss

CHAMPION = "champion"


def promote(registered: str, challenger: str, customers: np.ndarray, left: np.ndarray) -> None:
    """Move @champion of the model `registered` to version `challenger`, if it is better than what is live.

    `customers` are features, shape (n, 3), that neither version has learnt from; `left` says who of them has left.
    """
    client = MlflowClient()
    live = client.get_registered_model(registered).aliases.get(CHAMPION)  # a version, None if nothing is live

    if live is None:
        client.set_registered_model_alias(registered, CHAMPION, challenger)
        return
    new, old = log_loss_now(registered, challenger, customers, left), recorded_log_loss(registered, live)
    if new < old:
        client.set_registered_model_alias(registered, CHAMPION, challenger)


def recorded_log_loss(registered: str, version: str) -> float:
    """Return the log loss that was logged at training, on the hold-out month of that time."""
    client = MlflowClient()
    run = client.get_run(client.get_model_version(registered, version).run_id)
    return run.data.metrics["log_loss"]


def log_loss_now(registered: str, version: str, customers: np.ndarray, left: np.ndarray) -> float:
    return log_loss(left, opened(registered, version).predict_proba(customers)[:, 1])


def opened(registered: str, version: str) -> Any:
    """The version as scikit-learn has it: opened(...).predict_proba(customers)[:, 1]."""
    return mlflow.sklearn.load_model(f"models:/{registered}/{version}")
