"""IBM's fictional Telco table: 7,043 customers, a snapshot without dates. Many textbooks and tutorials use it.

Where the copy comes from, and its licence: churn/data/NOTICE. Its flaws are kept: churn/data/README.md.
"""

from pathlib import Path

import polars as pl

PATH = Path(__file__).with_name("telco.csv.gz")
TARGET = "churn"  # "Yes" or "No"
NUMERIC = ["tenure", "monthly_charges", "total_charges"]  # months, dollars a month, dollars so far
FLAGS = ["female", "senior_citizen", "partner", "dependents", "phone_service", "paperless_billing"]  # 0 or 1
CATEGORICAL = [
    "multiple_lines",
    "internet_service",
    "online_security",
    "online_backup",
    "device_protection",
    "tech_support",
    "streaming_tv",
    "streaming_movies",
    "contract",
    "payment_method",
]


def load() -> pl.DataFrame:
    """Return the table as it was published: 20 columns, `total_charges` null where the file is blank."""
    return pl.read_csv(PATH, schema_overrides={"total_charges": pl.Float64}, infer_schema_length=None)
