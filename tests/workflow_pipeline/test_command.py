"""The command: what it says when there is no engine, one that may not be used, or an image that cannot be built."""

import json
from pathlib import Path

import docker
import polars as pl
import pytest
from docker import DockerClient
from docker.errors import DockerException

from churn.errors import BadInput
from tests.workflow_pipeline.conftest import workflow
from workflow_pipeline.building import build
from workflow_pipeline.runner import engine


@pytest.mark.slow
def test_without_an_engine_the_same_graph_runs_as_processes_and_says_so(
    source: Path, plain: Path, tmp_path: Path
) -> None:
    done = workflow(source, tmp_path, DOCKER_HOST=f"unix://{tmp_path}/no-engine.sock")
    assert done.returncode == 0, done.stderr
    assert "No Docker engine answers, so the steps run as processes of this machine" in done.stdout
    report = json.loads((tmp_path / "workflow" / "report.json").read_text(encoding="utf-8"))
    assert report["isolation"] == "none"
    assert "Frouros and training cannot share an environment" in (tmp_path / "workflow" / "log.txt").read_text("utf-8")
    ours = pl.read_parquet(tmp_path / "workflow" / "predictions.parquet")
    assert ours.equals(pl.read_parquet(plain / "predictions.parquet"))


def test_an_engine_that_may_not_be_used_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**options: object) -> DockerClient:
        raise DockerException("Error while fetching server API version: PermissionError(13, 'Permission denied')")

    monkeypatch.setattr(docker, "from_env", denied)
    with pytest.raises(BadInput, match=r"this user may not use it: sudo usermod -aG docker \$USER"):
        engine()


@pytest.mark.docker
def test_an_image_that_cannot_be_built_is_named_with_the_reason(client: DockerClient, tmp_path: Path) -> None:
    context = {"Dockerfile": b"FROM scratch AS step\nCOPY no-such-file /\n"}
    with (
        (tmp_path / "log").open("w") as log,
        pytest.raises(BadInput, match=r"the image x/y:z could not be built .*no-such"),
    ):
        build(client, "x/y:z", context, {}, "step", log)
