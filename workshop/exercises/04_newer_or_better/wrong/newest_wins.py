"""Promotes the newest model, because it has learnt from the most data.

Message: newer is not better
"""

from typing import Any

import mlflow
import numpy as np
from mlflow import MlflowClient

CHAMPION = "champion"


def promote(registered: str, challenger: str, customers: np.ndarray, left: np.ndarray) -> None:
    """Move @champion of the model `registered` to version `challenger`, if it is better than what is live.

    `customers` are features, shape (n, 3), that neither version has learnt from; `left` says who of them has left.
    """
    client = MlflowClient()
    live = client.get_registered_model(registered).aliases.get(CHAMPION)  # a version, None if nothing is live

    if live != challenger:
        client.set_registered_model_alias(registered, CHAMPION, challenger)


def opened(registered: str, version: str) -> Any:
    """The version as scikit-learn has it: opened(...).predict_proba(customers)[:, 1]."""
    return mlflow.sklearn.load_model(f"models:/{registered}/{version}")
