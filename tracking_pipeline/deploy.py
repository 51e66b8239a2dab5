"""Model Deployment: let the challenger face the champion, then score the newest customers with the one that is live."""

from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import polars as pl

from churn import deploy as plain
from churn.harness.report import predictions_sha256
from churn.lake import existing_partition, new_partition, parquet_in, partition
from churn.storage.model_file import churn_probability
from tracking_pipeline.promote import decide
from tracking_pipeline.registry import LoadedModel, load_champion, registered_version

LIVE = "live.parquet"


def deploy(lake: Path, month: str) -> pl.DataFrame:
    """Write `predictions` (by the baseline) and `live` (by @champion) of the month; return the baseline's.

    Both have the columns customer_id and churn_probability, sorted by customer_id. The active run records the live
    ones, and which version made them.
    """
    predictions = plain.deploy(lake, month)
    challenger = existing_partition(lake, "challenger", month, made_by="train") / "version.txt"
    decide(lake, month, registered_version(challenger.read_text(encoding="utf-8")))
    champion = load_champion()
    live = scored(champion, lake, month)
    with new_partition(partition(lake, "live", month)) as folder:
        live.write_parquet(folder / LIVE)
        mlflow.log_artifact(str(folder / LIVE))
    mlflow.set_tags({"live_version": champion.version, "predictions_sha256": predictions_sha256(live)})
    return predictions


def scored(model: LoadedModel, lake: Path, month: str) -> pl.DataFrame:
    """Return customer_id and churn_probability of the month's customers, sorted by customer_id."""
    features = existing_partition(lake, "features", month, made_by="process")
    customers = pl.read_parquet(parquet_in(features), hive_partitioning=False).sort("customer_id")
    probability = churn_probability(model.estimator, customers)
    return customers.select("customer_id", churn_probability=pl.Series(probability))


def recorded_predictions(run_id: str) -> pl.DataFrame:
    """Return what a deploy run predicted, as MLflow kept it."""
    with TemporaryDirectory() as folder:
        file = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=LIVE, dst_path=folder)
        return pl.read_parquet(file, glob=False)
