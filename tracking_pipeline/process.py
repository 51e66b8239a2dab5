"""Data Processing: the plain answer's features, and a record of which ones there were."""

from pathlib import Path

import mlflow

from churn import process as plain
from churn.lake import months_of
from churn.storage.months import add_months
from churn.tables import CATEGORICAL_FEATURES, FEATURES, LABEL, NUMERIC_FEATURES


def process(lake: Path, months: list[str], restates: dict[str, bool]) -> None:
    """Write the features of `months`; a month with late rows restates the one before it."""
    for month in months:
        before = add_months(month, -1)
        if restates[month] and before in months_of(lake, "features"):
            plain.process(lake, before)
        plain.process(lake, month)
    mlflow.log_dict(
        {"numeric": NUMERIC_FEATURES, "categorical": CATEGORICAL_FEATURES, "label": LABEL},
        "features.json",
    )
    mlflow.log_param("features", len(FEATURES))
