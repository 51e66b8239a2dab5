"""Model Deployment: load the model as another machine would, and score the newest month's customers."""

from pathlib import Path

import polars as pl

from churn.lake import existing_partition, new_partition, partition
from churn.storage.model_file import churn_probability, load_model


def deploy(lake: Path, month: str) -> pl.DataFrame:
    """Write `predictions` of the month; return them: customer_id and churn_probability, sorted by customer_id."""
    model = load_model(existing_partition(lake, "model", month, made_by="train") / "model.skops")
    features = existing_partition(lake, "features", month, made_by="process")
    customers = pl.read_parquet(features / "*.parquet", hive_partitioning=False).sort("customer_id")
    predictions = customers.select("customer_id", churn_probability=pl.Series(churn_probability(model, customers)))
    with new_partition(partition(lake, "predictions", month)) as folder:
        predictions.write_parquet(folder / "predictions.parquet")
    return predictions
