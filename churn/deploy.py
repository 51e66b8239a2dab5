"""Model Deployment: load the model as another machine would, and score the newest month's customers."""

from pathlib import Path

import polars as pl
from sklearn.pipeline import Pipeline
from skops import io as skops

from churn.errors import BadInput
from churn.lake import existing_partition, new_partition, partition
from churn.train import FEATURES, churn_probability


def deploy(lake: Path, month: str) -> pl.DataFrame:
    """Write `predictions` of the month; return them: customer_id and churn_probability, sorted by customer_id."""
    model = load_model(existing_partition(lake, "model", month, made_by="train") / "model.skops")
    features = existing_partition(lake, "features", month, made_by="process")
    customers = pl.read_parquet(features / "*.parquet", hive_partitioning=False).sort("customer_id")
    predictions = customers.select("customer_id", churn_probability=pl.Series(churn_probability(model, customers)))
    with new_partition(partition(lake, "predictions", month)) as folder:
        predictions.write_parquet(folder / "predictions.parquet")
    return predictions


def load_model(path: Path) -> Pipeline:
    """Load a model without unpickling. Raises BadInput if the file is not ours, wants to bring in a type we did not
    review, or was fitted on other columns.
    """
    if not path.is_file():
        raise BadInput(f"there is no model file {path}")
    try:
        untrusted = skops.get_untrusted_types(file=path)
        if untrusted:
            raise BadInput(f"{path} carries types that were never reviewed ({', '.join(untrusted)}): it is not loaded")
        model = skops.load(path)
    except BadInput:
        raise
    except Exception as error:  # a foreign file can break skops in any way
        raise BadInput(f"{path} is not a model file of ours ({type(error).__name__}: {error})") from error
    if list(getattr(model, "feature_names_in_", [])) != FEATURES:
        raise BadInput(f"{path} is not a model file of ours (it was not fitted on {', '.join(FEATURES)})")
    return model
