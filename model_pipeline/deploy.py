"""Model Deployment. scikit-learn's own part ends with a fitted estimator; skops makes it a file that is safe to
open.

What is deployed is one object: `FixedThresholdClassifier( FrozenEstimator( the calibrated Pipelines ) )`. It
checks its input, processes it as in training, gives probabilities, and says whom to call. Serving it to others
is the caller's business: here, the newest month's customers are scored in one go.
"""

from pathlib import Path

import polars as pl
from sklearn.model_selection import FixedThresholdClassifier

from churn import deploy as plain
from churn.lake import existing_partition, new_partition, partition
from model_pipeline.model_file.skops_file import load_model
from model_pipeline.train import churn_probability


def deploy(lake: Path, month: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Write `predictions` (the baseline's) and `calls` (whom to call, by the best model) of the month; return both."""
    predictions = plain.deploy(lake, month)
    model = load_model(existing_partition(lake, "best", month, made_by="train") / "model.skops")
    features = existing_partition(lake, "features", month, made_by="process")
    customers = pl.read_parquet(features / "*.parquet", hive_partitioning=False)
    calls = scored(model, customers).select("customer_id", "churn_probability", call="churn_predicted")
    with new_partition(partition(lake, "calls", month)) as folder:
        calls.write_parquet(folder / "calls.parquet")
    return predictions, calls


def scored(model: FixedThresholdClassifier, customers: pl.DataFrame) -> pl.DataFrame:
    """`customers` and two columns more: churn_probability, and churn_predicted in the words of the training table."""
    probability = churn_probability(model, customers)
    positive = model.pos_label
    negative = next(word for word in model.classes_.tolist() if word != positive)
    predicted = pl.Series([positive if high else negative for high in probability >= model.threshold])
    return customers.with_columns(churn_probability=pl.Series(probability), churn_predicted=predicted)
