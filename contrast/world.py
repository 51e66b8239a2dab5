"""The simulation for the contrast: as small as the pipelines allow. Faults happen in the last of its four months."""

from pathlib import Path

import polars as pl

from churn.simulator.exports import export
from churn.simulator.world import World

WORLD = World(customers=600, months=4)
MONTHS = WORLD.all_months()
LAST, NEWEST = MONTHS[-2:]  # live when a scenario begins; about to run

SAME_ANSWER = 1e-6  # the largest difference between two probabilities that are called the same


def exports(folder: Path) -> Path:
    """Return the folder of the operator's clean exports, and create them if they are missing."""
    source = folder / "world" / WORLD.name / "source"
    missing = [month for month in MONTHS if not (source / f"month={month}").is_dir()]
    if missing:
        export(WORLD, source, missing)
    return source


def largest_difference(one: pl.DataFrame, other: pl.DataFrame) -> float:
    """Between two tables of customer_id and churn_probability; 1, the largest there is, for different customers."""
    if not one["customer_id"].equals(other["customer_id"]):
        return 1.0
    difference = (one["churn_probability"] - other["churn_probability"]).abs().max()
    return float(difference)  # type: ignore[arg-type]  # never a date
