"""A model's files are opened only if they are what was registered.

MLflow reads the file format, the loader and even the list of trusted types from the artifact itself (`MLmodel`). A
person who can write to the artifact store could have a pickle run here. So `digest_tag` keeps a digest of the files in
the tracking store, which the server guards. `checked` compares it with the copy that is going to be opened.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from churn.harness.errors import BadInput
from churn.storage.model_file import raise_if_different_scikit_learn

DIGEST = "files_sha256"
ROLL_BACK = "make rollback puts the version before it live"
VERSION_FILE = "registered_model_meta"  # MLflow adds it to a download
TRUSTED_TYPES = {
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": "a boosted tree: arrays of numbers",
    "scipy.interpolate._bsplines.BSpline": "a spline: arrays of numbers",
    "scipy._lib.array_api_compat.numpy._aliases.asarray": "numpy.asarray, to which every BSpline keeps a reference",
}


def also_trust(types: Mapping[str, str]) -> None:
    """Add types that were reviewed elsewhere, for models of other estimators: the reason by the type's name."""
    TRUSTED_TYPES.update(types)


def digest_tag(model_uri: str) -> dict[str, str]:
    """Return the tag that a version needs when it is registered: the digest of the logged model's files."""
    with TemporaryDirectory() as folder:
        mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=folder)
        return {DIGEST: files_digest(Path(folder))}


def checked(model_uri: str, folder: str) -> str:
    """Download `models:/name@alias` or `models:/name/version` to an empty folder, and return it if the files are safe.

    Raises BadInput if they are not those that were registered, or if a different scikit-learn made them. Raises it,
    too, if they are not skops alone, or ask for a type that nobody reviewed.
    """
    version = _registered(model_uri)
    try:
        numbered = f"models:/{version.name}/{version.version}"  # an alias could move meanwhile
        mlflow.artifacts.download_artifacts(artifact_uri=numbered, dst_path=folder)
    except (MlflowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise _not_opened(version, f"its files cannot be read from the artifact store ({reason})") from error
    if DIGEST not in version.tags:
        raise _not_opened(version, f"it was not registered by this pipeline (it has no tag {DIGEST})")
    if files_digest(Path(folder)) != version.tags[DIGEST]:
        raise _not_opened(version, "its files are not those that were registered")
    flavours = _read(folder, "MLmodel")["flavors"]
    if not _is_skops_without_code(flavours):
        raise _not_opened(version, "a model that is not skops alone could run anything")
    if strangers := set(flavours["sklearn"]["skops_trusted_types"]) - TRUSTED_TYPES.keys():
        raise _not_opened(version, f"nobody reviewed its types {', '.join(sorted(strangers))}")
    what_to_do = ROLL_BACK if _is_live(version) else "train again"
    raise_if_different_scikit_learn(Path(folder) / "model.skops", _named(version), what_to_do)
    return folder


def described(folder: str) -> dict[str, Any]:
    """Return version and threshold of the checked model in `folder`."""
    return {
        "version": str(_read(folder, VERSION_FILE)["model_version"]),
        "threshold": _read(folder, "MLmodel")["metadata"]["threshold"],
    }


def _registered(model_uri: str) -> ModelVersion:
    name, _, alias = model_uri.removeprefix("models:/").partition("@")
    if alias:
        return MlflowClient().get_model_version_by_alias(name, alias)
    name, _, number = name.rpartition("/")
    return MlflowClient().get_model_version(name, number)


def files_digest(folder: Path) -> str:
    """Return the SHA-256 over names and contents of all files, except the one that MLflow adds to a download."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != VERSION_FILE):
        digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _not_opened(version: ModelVersion, reason: str) -> BadInput:
    return BadInput(f"{_named(version)} is not opened: {reason}{f'; {ROLL_BACK}' if _is_live(version) else ''}")


def _is_live(version: ModelVersion) -> bool:
    return "champion" in version.aliases


def _named(version: ModelVersion) -> str:
    return f"{version.name} version {version.version}"


def _is_skops_without_code(flavours: dict[str, Any]) -> bool:
    ours, served = flavours.get("sklearn", {}), flavours.get("python_function", {})
    return (
        ours.get("serialization_format") == "skops"
        and served.get("loader_module") == "mlflow.sklearn"
        and not (ours.get("code") or served.get("code"))
    )


def _read(folder: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((Path(folder) / name).read_text(encoding="utf-8"))
    return content
