"""Models in MLflow: logged as skops with a reviewed list of types, and opened only if they are what was registered.

MLflow reads the list of trusted types, the file format and even the loader from the artifact itself (`MLmodel`):
whoever can write to the artifact store can have a pickle run. So the digest of the files is kept in the tracking
store, which the server guards, and is compared before anything is loaded. That check is ours.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import polars as pl
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo
from sklearn.pipeline import Pipeline

from churn.harness.errors import BadInput
from churn.storage.model_file import churn_probability
from churn.tables import FEATURES, NUMERIC_FEATURES

CHAMPION = "champion"
DIGEST = "files_sha256"
TRUSTED = {
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": "a boosted tree: arrays of numbers",
    "scipy.interpolate._bsplines.BSpline": "a spline: arrays of numbers",
    "scipy._lib.array_api_compat.numpy._aliases.asarray": "numpy.asarray, to which every BSpline keeps a reference",
}
REQUIREMENTS = ["mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops"]


@dataclass(frozen=True)
class OpenModel:
    """A model version whose files were checked."""

    estimator: Pipeline
    version: str
    threshold: float


def as_table(rows: pl.DataFrame) -> Any:
    """The features as the model's signature has them, a pandas frame: all numbers are doubles."""
    return rows.select(FEATURES).with_columns(pl.col(NUMERIC_FEATURES).cast(pl.Float64)).to_pandas()


def log_model(model: Pipeline, rows: pl.DataFrame, threshold: float) -> ModelInfo:
    """Log a fitted model to the active run. Explicit requirements and signature: inferring them takes 3 to 5 s."""
    example = rows.head(5)
    return mlflow.sklearn.log_model(
        model,
        name="model",
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED),
        signature=infer_signature(as_table(example), churn_probability(model, example)),
        input_example=as_table(example),
        pip_requirements=[f"{name}=={installed_version(name)}" for name in REQUIREMENTS],
        pyfunc_predict_fn="predict_proba",
        metadata={"threshold": threshold},
    )


def register(
    registered: str, model_uri: str, run_id: str, tags: dict[str, str], description: str | None = None
) -> ModelVersion:
    """A new version of the registered model, with the digest of its files."""
    client = MlflowClient()
    with TemporaryDirectory() as folder:
        digest = files_digest(Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=folder)))
    return client.create_model_version(
        registered,
        model_uri,
        run_id,
        tags={**tags, DIGEST: digest},
        description=description,
        model_id=model_uri.removeprefix("models:/"),
    )


def champion(registered: str) -> ModelVersion | None:
    """The version that is live, or None."""
    client = MlflowClient()
    alias = client.get_registered_model(registered).aliases.get(CHAMPION)
    return client.get_model_version(registered, alias) if alias is not None else None


def open_champion(registered: str) -> OpenModel:
    live = champion(registered)
    if live is None:
        raise BadInput(f"{registered} has no @{CHAMPION}: nothing is live; run python -m tracking_pipeline first")
    return open_version(live)


def open_version(version: ModelVersion) -> OpenModel:
    with TemporaryDirectory() as folder:
        return open_copy(verified_copy(version, Path(folder)), str(version.version))


def verified_copy(version: ModelVersion, folder: Path) -> Path:
    """Download a version's files, and compare them with what was registered. Raises BadInput if they differ."""
    name = f"{version.name} version {version.version}"
    try:
        uri = f"models:/{version.name}/{version.version}"
        copy = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        raise BadInput(f"the files of {name} cannot be had from the artifact store ({_first_line(error)})") from error
    if DIGEST not in version.tags:
        raise BadInput(f"{name} is not opened: it was not registered by this pipeline (it has no tag {DIGEST})")
    if files_digest(copy) != version.tags[DIGEST]:
        raise BadInput(f"{name} is not opened: its files are not those that were registered; roll back, or train again")
    return copy


def open_logged(model_uri: str) -> OpenModel:
    """A model that was logged, but not registered: there is no digest to compare it with."""
    with TemporaryDirectory() as folder:
        copy = mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=folder)
        return open_copy(Path(copy), "none")


def open_copy(folder: Path, version: str) -> OpenModel:
    """Open the files in `folder` as skops, with the types we reviewed; raise BadInput if they ask for more."""
    description = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    if not _is_skops_without_code(description["flavors"]):
        raise BadInput(f"version {version} is not opened: a model that is not skops alone could run anything")
    if strangers := set(description["flavors"]["sklearn"]["skops_trusted_types"]) - TRUSTED.keys():
        raise BadInput(f"version {version} is not opened: nobody reviewed its types {', '.join(sorted(strangers))}")
    return OpenModel(mlflow.sklearn.load_model(str(folder)), version, description["metadata"]["threshold"])


def _is_skops_without_code(flavours: dict[str, Any]) -> bool:
    ours, served = flavours.get("sklearn", {}), flavours.get("python_function", {})
    return (
        ours.get("serialization_format") == "skops"
        and served.get("loader_module") == "mlflow.sklearn"
        and not (ours.get("code") or served.get("code"))
    )


def files_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files, but for the one that MLflow adds when it downloads."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "registered_model_meta"):
        digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
