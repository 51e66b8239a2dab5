"""Data Processing: the plain answer's features, and a record of which columns there were."""

from pathlib import Path

import mlflow

from churn import process as plain
from churn.tables import CATEGORICAL_FEATURES, FEATURES, LABEL, NUMERIC_FEATURES


def process(lake: Path, month: str) -> None:
    """Write `features` of the month and `labels` of the previous month."""
    plain.process(lake, month)
    mlflow.log_param("features", len(FEATURES))
    mlflow.log_dict({"numeric": NUMERIC_FEATURES, "categorical": CATEGORICAL_FEATURES, "label": LABEL}, "features.json")
