"""Data Validation: the plain answer's contract, and a record of what it found.

MLflow blocks nothing. It is the exception that closes the gate. MLflow keeps the evidence: the run's status is FAILED,
and its tag `error` says why.
"""

from dataclasses import asdict
from pathlib import Path

import mlflow

from churn import validate as plain
from churn.checks.quality import Quality, read_quality
from churn.harness.errors import ContractBroken


def validate(lake: Path, month: str) -> Quality:
    """Write `valid` and `quarantine` of the month; return what the contract found.

    Raises ContractBroken when the gate closes, after the findings are recorded.
    """
    try:
        quality = plain.validate(lake, month)
    except ContractBroken:
        record(read_quality(lake, month))
        raise
    record(quality)
    return quality


def record(quality: Quality) -> None:
    """Log the counts as metrics, a step per month, and every finding as a file."""
    mlflow.log_metrics(
        {
            "rows": sum(quality.rows.values()),
            "rejected_rows": sum(sum(reasons.values()) for reasons in quality.rejected.values()),
            "late_rows": quality.late_rows,
            "broken_tables": len(quality.problems),
            "doubts": len(quality.doubts),
        },
        step=int(quality.month.replace("-", "")),
    )
    mlflow.log_dict(asdict(quality), f"quality/{quality.month}.json")
