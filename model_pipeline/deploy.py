"""Model Deployment. scikit-learn's own part ends with a fitted estimator. skops makes it a file that is safe to open.

We deploy one object: `FixedThresholdClassifier( FrozenEstimator( the calibrated Pipelines ) )`. It checks its input,
processes it as in training, gives probabilities, and says whom to call. Serving it to others is the caller's business.
Here we score the newest month's customers in one go.
"""

from pathlib import Path

import polars as pl
from threadpoolctl import threadpool_limits

from churn import deploy as plain
from churn.lake import existing_partition, new_partition, partition, scan
from churn.storage.model_file import churn_probability
from model_pipeline.model_file.skops_file import load_model


def deploy(lake: Path, month: str) -> pl.DataFrame:
    """Write `predictions` (the baseline's) and `calls` (whom to call, by the best model) of the month.

    Return the baseline's: customer_id and churn_probability, sorted by customer_id.
    """
    predictions = plain.deploy(lake, month)
    model = load_model(existing_partition(lake, "best", month, made_by="train") / "model.skops")
    customers = scan(lake, "features", [month]).collect()
    with threadpool_limits(1):  # the order of a sum must not depend on the machine
        call = model.predict(customers)
    probability = churn_probability(model, customers)
    calls = customers.select("customer_id", churn_probability=pl.Series(probability), call=pl.Series(call))
    with new_partition(partition(lake, "calls", month)) as folder:
        calls.write_parquet(folder / "calls.parquet")
    return predictions
