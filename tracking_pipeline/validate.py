"""Data Validation: the plain answer's contract, and a record of what it found.

MLflow blocks nothing. It is the exception that closes the gate; MLflow keeps the evidence of it: the run's status is
FAILED, its tag `error` says why.
"""

import json
from dataclasses import asdict
from pathlib import Path

import mlflow

from churn import validate as plain
from churn.harness.errors import ContractBroken


def validate(lake: Path, months: list[str]) -> dict[str, bool]:
    """Hold each month against the contract; say of each whether late rows restate the month before it.

    Raises ContractBroken at the first month whose gate closes, after its findings were recorded.
    """
    restates = {}
    for month in months:
        try:
            quality = plain.validate(lake, month)
        except ContractBroken:
            _record(plain.read_quality(lake, month))
            raise
        _record(quality)
        restates[month] = quality.late_rows > 0
    return restates


def _record(quality: plain.Quality) -> None:
    mlflow.log_metrics(
        {
            "rows": sum(quality.rows.values()),
            "rejected_rows": sum(sum(reasons.values()) for reasons in quality.rejected.values()),
            "late_rows": quality.late_rows,
            "broken_tables": len(quality.problems),
        },
        step=int(quality.month.replace("-", "")),
    )
    mlflow.log_text(json.dumps(asdict(quality), indent=1), f"quality/{quality.month}.json")
