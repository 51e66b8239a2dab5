"""The tables of the lake as Airflow assets, each with a partition per month, and where the lake is."""

from pathlib import Path

from airflow.sdk import Asset, Variable

RAW = Asset("raw")
VALID = Asset("valid")
QUARANTINE = Asset("quarantine")
FEATURES = Asset("features")
LABELS = Asset("labels")
TRAINING = Asset("training")
MODEL = Asset("model")
PREDICTIONS = Asset("predictions")


def source() -> Path:
    """Where the operator puts its exports: the Airflow variable churn_source."""
    return Path(Variable.get("churn_source"))


def lake() -> Path:
    """Where the tables are: the Airflow variable churn_lake."""
    return Path(Variable.get("churn_lake"))


def first_month() -> str:
    """The operator's first export: history is whole when no month since then is missing."""
    return str(Variable.get("churn_first_month"))
