"""The work that is measured. Each function runs in its own process, with arguments from a command line."""

from pathlib import Path

import polars as pl

from churn.collect import collect
from churn.lake import scan
from churn.process import process
from churn.simulator.exports import export
from churn.simulator.world import World
from churn.tables import TABLES
from churn.validate import validate

MONTH = World().first_month


def generate(source: str, customers: str, months: str) -> None:
    export(World(customers=int(customers), months=int(months)), Path(source))


def take_in(source: str, lake: str) -> None:
    """Prepare one month for `process`: collect and validate it."""
    collect(Path(source), Path(lake), MONTH)
    validate(Path(lake), MONTH)


def make_features(lake: str) -> None:
    process(Path(lake), MONTH)


def scan_and_group(lake: str, *tables: str) -> None:
    """Run the bare minimum: read the same files, add up the same figures per customer, and write nothing."""
    megabytes = (pl.col("data_gb") * 1000).round().cast(pl.Int64).sum()
    figures: dict[str, list[pl.Expr]] = {
        "customers": [pl.col("signup_date", "region", "plan", "contract", "monthly_charge_eur").first()],
        "usage": [pl.col("minutes").sum(), megabytes, pl.len()],
        "tickets": [pl.len()],
        "payments": [(pl.col("status") == "failed").sum()],
        "cancellations": [pl.len()],
    }
    for table in tables or TABLES:
        scan(Path(lake), f"valid/{table}", [MONTH]).group_by("customer_id").agg(figures[table]).collect()
