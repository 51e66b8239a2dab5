"""Model Deployment: score the newest month's customers with whatever is live, and record which model that was."""

from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import polars as pl

from churn.harness.report import predictions_sha256
from churn.lake import existing_partition, new_partition, partition
from churn.storage.model_file import churn_probability
from tracking_pipeline.registry import OpenModel, open_champion

PREDICTIONS = "predictions.parquet"


def deploy(lake: Path, month: str, registered: str) -> pl.DataFrame:
    """Write `predictions` of the month by @champion; return them: customer_id and churn_probability, sorted."""
    live = open_champion(registered)
    predictions = scored(live, lake, month)
    with new_partition(partition(lake, "predictions", month)) as folder:
        predictions.write_parquet(folder / PREDICTIONS)
        mlflow.log_artifact(str(folder / PREDICTIONS))
    mlflow.set_tags({"live_version": live.version, "predictions_sha256": predictions_sha256(predictions)})
    return predictions


def scored(model: OpenModel, lake: Path, month: str) -> pl.DataFrame:
    """customer_id and churn_probability of the month's customers."""
    features = existing_partition(lake, "features", month, made_by="process")
    customers = pl.read_parquet(features / "*.parquet", hive_partitioning=False)
    probability = churn_probability(model.estimator, customers)
    return customers.select("customer_id", churn_probability=pl.Series(probability))


def recorded_predictions(run_id: str) -> pl.DataFrame:
    """What a deploy run predicted, as MLflow kept it."""
    with TemporaryDirectory() as folder:
        file = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=PREDICTIONS, dst_path=folder)
        return pl.read_parquet(file)
