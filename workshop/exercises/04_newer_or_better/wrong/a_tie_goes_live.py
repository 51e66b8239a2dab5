"""Accepts a challenger that is not worse.

Message: no better than what is live
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
    new, old = (log_loss_now(registered, version, customers, left) for version in (challenger, live))
    if new <= old:
        client.set_registered_model_alias(registered, CHAMPION, challenger)


def log_loss_now(registered: str, version: str, customers: np.ndarray, left: np.ndarray) -> float:
    return log_loss(left, opened(registered, version).predict_proba(customers)[:, 1])


def opened(registered: str, version: str) -> Any:
    """The version as scikit-learn has it: opened(...).predict_proba(customers)[:, 1]."""
    return mlflow.sklearn.load_model(f"models:/{registered}/{version}")
