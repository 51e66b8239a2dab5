"""Which models are loaded, and which are refused. Writing to the artifact store must not be enough to run code here."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import mlflow
import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from churn.harness.errors import BadInput
from churn.storage.model_file import churn_probability
from churn.train import fitted
from tracking_pipeline.candidates.estimators import CANDIDATES, Candidate, estimator
from tracking_pipeline.registry import CHALLENGER, CHAMPION, as_table, load_champion, load_version, model_settings
from tracking_pipeline.safety.checked import digest_tag
from tracking_pipeline.servers.scoring import champion_server

BASELINE = CANDIDATES[0]


class Payload:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def logged(rows: pl.DataFrame, candidate: Candidate = BASELINE) -> tuple[str, Path]:
    """Log a model to the open store; return its URI and its folder in the artifact store."""
    model = fitted(estimator(candidate), rows)
    with mlflow.start_run(nested=True):
        info = mlflow.sklearn.log_model(model, name="model", **model_settings(model, rows, threshold=0.2))
    return info.model_uri, Path(mlflow.artifacts.download_artifacts(info.model_uri))


def register(name: str, model_uri: str, month: str = "2025-05") -> ModelVersion:
    """Register a logged model as @challenger, as `put_forward` does."""
    tags, model_id = {"month": month, **digest_tag(model_uri)}, model_uri.removeprefix("models:/")
    version = MlflowClient().create_model_version(name, model_uri, tags=tags, model_id=model_id)
    MlflowClient().set_registered_model_alias(name, CHALLENGER, version.version)
    return version


def registered(
    name: str, rows: pl.DataFrame, candidate: Candidate = BASELINE, month: str = "2025-05"
) -> tuple[ModelVersion, Path]:
    uri, folder = logged(rows, candidate)
    return register(name, uri, month), folder


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "candidate", [CANDIDATES[0], CANDIDATES[2], CANDIDATES[5]], ids=lambda candidate: candidate.family
)
def test_a_model_comes_back_as_it_was_registered(name: str, rows: pl.DataFrame, candidate: Candidate) -> None:
    version, folder = registered(name, rows, candidate)
    model = load_version(version)
    expected = churn_probability(fitted(estimator(candidate), rows), rows)
    assert churn_probability(model.estimator, rows) == pytest.approx(expected, abs=1e-12)
    assert model.threshold == 0.2
    as_served = mlflow.pyfunc.load_model(str(folder)).predict(as_table(rows))
    assert as_served[:, 1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("changed", ["model.skops", "MLmodel", "requirements.txt"])
def test_files_that_were_changed_are_neither_opened_nor_served(
    name: str, rows: pl.DataFrame, changed: str, tmp_path: Path
) -> None:
    version, folder = registered(name, rows)
    MlflowClient().set_registered_model_alias(name, CHAMPION, str(version.version))
    with (folder / changed).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(BadInput, match=r"version 1 is not opened: its files are not those that were registered"):
        load_version(version)
    with (
        pytest.raises(BadInput, match=r"version 1 is not opened: its files are not those that were registered"),
        champion_server(tmp_path / "server.log"),
    ):
        pytest.fail("it is served")


def test_files_that_are_gone_give_a_sentence(name: str, rows: pl.DataFrame) -> None:
    version, folder = registered(name, rows)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(BadInput, match="version 1 is not opened: its files are not those that were registered"):
        load_version(version)


def test_a_pickle_is_refused_and_not_opened(name: str, rows: pl.DataFrame, tmp_path: Path) -> None:
    uri, folder = logged(rows)
    (folder / "model.skops").write_bytes(pickle.dumps(Payload(tmp_path / "pwned")))
    rewrite(folder / "MLmodel", "serialization_format: skops", "serialization_format: pickle")
    with pytest.raises(BadInput, match="not skops alone"):
        load_version(register(name, uri))
    assert not (tmp_path / "pwned").exists()
    with pytest.raises(Exception, match="predict"):
        mlflow.sklearn.load_model(str(folder)).predict(rows)
    assert (tmp_path / "pwned").exists(), "what MLflow alone does: this test would notice"


def test_a_model_that_brings_a_loader_is_refused(name: str, rows: pl.DataFrame) -> None:
    uri, folder = logged(rows)
    rewrite(folder / "MLmodel", "loader_module: mlflow.sklearn", "loader_module: antigravity")
    with pytest.raises(BadInput, match="not skops alone"):
        load_version(register(name, uri))


def test_a_type_that_was_not_reviewed_is_refused(name: str, rows: pl.DataFrame) -> None:
    uri, folder = logged(rows)
    rewrite(folder / "MLmodel", "skops_trusted_types:", "skops_trusted_types:\n    - os.system")
    with pytest.raises(BadInput, match=r"nobody reviewed its types os\.system"):
        load_version(register(name, uri))


def test_a_model_that_this_pipeline_did_not_register_is_refused(name: str, rows: pl.DataFrame) -> None:
    uri, _ = logged(rows)
    version = MlflowClient().create_model_version(name, uri)
    with pytest.raises(BadInput, match="was not registered by this pipeline"):
        load_version(version)


def test_a_registry_without_a_champion_gives_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no @champion, so nothing is live: run make rollback"):
        load_champion()
    with pytest.raises(BadInput, match="has no @champion, so nothing is live: run make rollback"):
        champion_server(tmp_path / "server.log").__enter__()
