"""Models in MLflow: how they are logged, which version an alias names, and how a version is loaded.

MLflow's own line for the model that is live is `mlflow.sklearn.load_model("models:/churn@champion")`. Here it is given
a checked copy, because it would open whatever it finds in the artifact store (safety/checked.py).
"""

import os
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import infer_signature
from sklearn.pipeline import Pipeline

from churn.harness.errors import BadInput
from churn.storage.model_file import churn_probability
from churn.tables import FEATURES, NUMERIC_FEATURES
from tracking_pipeline.safety.checked import TRUSTED_TYPES, checked, described

CHAMPION, CHALLENGER = "champion", "challenger"
REQUIREMENTS = ["mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops"]


@dataclass(frozen=True)
class LoadedModel:
    """A fitted model from the registry."""

    estimator: Pipeline
    version: str
    threshold: float  # the churn probability from which a customer is called


def model_name() -> str:
    """Return the name of the registered model, which is the experiment's.

    `open_store` (safety/store.py) sets the tracking URI and the experiment; MLflow keeps the experiment's id in
    MLFLOW_EXPERIMENT_ID, for child processes too.
    """
    return str(mlflow.get_experiment(os.environ["MLFLOW_EXPERIMENT_ID"]).name)


def registered_versions() -> dict[str, ModelVersion]:
    """Return all versions by number, oldest first, without those that were deleted."""
    found = MlflowClient().search_model_versions(f"name = '{model_name()}'", order_by=["version_number ASC"])
    return {str(version.version): version for version in found}


def registered_version(number: str) -> ModelVersion:
    """Return a version by its number. Raises BadInput, naming the versions that there are, if it is not one of them."""
    versions = registered_versions()
    if number not in versions:
        there_are = f"it has {', '.join(versions)}" if versions else "make demo-tracking trains some"
        raise BadInput(f"{model_name()} has no version {number}, or it was deleted: {there_are}")
    return versions[number]


def aliased(alias: str) -> ModelVersion | None:
    """Return the version that an alias names now, or None."""
    client = MlflowClient()
    number = client.get_registered_model(model_name()).aliases.get(alias)
    return None if number is None else client.get_model_version(model_name(), number)


def load_champion() -> LoadedModel:
    """Load the model that is live. Raises BadInput if there is none, or if its files are not what was registered."""
    name = model_name()
    if aliased(CHAMPION) is None:
        raise BadInput(f"{name} has no @{CHAMPION}, so nothing is live: run make rollback, or make demo-tracking first")
    with TemporaryDirectory() as folder:
        model = mlflow.sklearn.load_model(checked(f"models:/{name}@{CHAMPION}", folder))
        return LoadedModel(model, **described(folder))


def load_version(version: ModelVersion) -> LoadedModel:
    """Load any registered version. Raises BadInput if its files are not what was registered."""
    with TemporaryDirectory() as folder:
        model = mlflow.sklearn.load_model(checked(f"models:/{version.name}/{version.version}", folder))
        return LoadedModel(model, **described(folder))


def model_settings(model: Pipeline, rows: pl.DataFrame, threshold: float) -> dict[str, Any]:
    """Return the arguments of `mlflow.sklearn.log_model` for a model fitted on `rows`.

    The requirements are listed and the signature is given: to infer them, MLflow takes 3 to 5 s a model.
    """
    example = rows.head(5)
    return {
        "serialization_format": "skops",
        "skops_trusted_types": list(TRUSTED_TYPES),
        "signature": infer_signature(as_table(example), churn_probability(model, example)),
        "input_example": as_table(example),
        "pip_requirements": [f"{name}=={installed_version(name)}" for name in REQUIREMENTS],
        "pyfunc_predict_fn": "predict_proba",
        "metadata": {"threshold": threshold},
    }


def as_table(rows: pl.DataFrame) -> Any:
    """Return the features as the model's signature has them: a pandas frame in which all numbers are doubles."""
    return rows.select(FEATURES).with_columns(pl.col(NUMERIC_FEATURES).cast(pl.Float64)).to_pandas()
