"""Data Processing: the plain answer's features, and a record of which ones there were."""

from pathlib import Path

import mlflow

from churn import process as plain
from churn.lake import months_of
from churn.months import add_months


def process(lake: Path, months: list[str], restates: dict[str, bool]) -> None:
    """Write the features of `months`; a month with late rows restates the one before it."""
    for month in months:
        before = add_months(month, -1)
        if restates[month] and before in months_of(lake, "features"):
            plain.process(lake, before)
        plain.process(lake, month)
    mlflow.log_dict(
        {"numeric": plain.NUMERIC_FEATURES, "categorical": plain.CATEGORICAL_FEATURES, "label": plain.LABEL},
        "features.json",
    )
    mlflow.log_param("features", len(plain.NUMERIC_FEATURES) + len(plain.CATEGORICAL_FEATURES))
