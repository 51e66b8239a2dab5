"""Model Deployment: load the model as a different machine would, and score the newest month's customers."""

from pathlib import Path

import polars as pl

from churn.lake import existing_partition, new_partition, partition, scan
from churn.storage.model_file import churn_probability, load_model


def deploy(lake: Path, month: str) -> pl.DataFrame:
    """Write `predictions` of the month. Return them: customer_id and churn_probability, sorted by customer_id."""
    model = load_model(existing_partition(lake, "model", month, made_by="train") / "model.skops")
    existing_partition(lake, "features", month, made_by="process")
    customers = scan(lake, "features", [month]).sort("customer_id").collect()
    predictions = customers.select("customer_id", churn_probability=pl.Series(churn_probability(model, customers)))
    with new_partition(partition(lake, "predictions", month)) as folder:
        predictions.write_parquet(folder / "predictions.parquet")
    return predictions
