"""The command without a Docker engine, with one that the user may not use, and with an image that cannot be built."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from docker import DockerClient

from churn.harness.errors import BadInput
from tests.workflow_pipeline.conftest import ROOT, workflow
from workflow_pipeline.containers.build_images import build


@pytest.mark.slow
def test_without_an_engine_the_same_graph_runs_as_processes_and_says_so(
    source: Path, plain: Path, tmp_path: Path
) -> None:
    done = workflow(source, tmp_path, DOCKER_HOST=f"unix://{tmp_path}/no-engine.sock")
    assert done.returncode == 0, done.stderr
    assert "No Docker engine answers, so the steps run as processes" in done.stdout
    report = json.loads((tmp_path / "workflow" / "report.json").read_text(encoding="utf-8"))
    assert report["isolation"] == "none"
    assert "Frouros and training cannot share an environment" in (tmp_path / "workflow" / "log.txt").read_text("utf-8")
    ours = pl.read_parquet(tmp_path / "workflow" / "predictions.parquet")
    assert ours.equals(pl.read_parquet(plain / "predictions.parquet"))


@pytest.mark.docker
@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can become a different user")
def test_an_engine_that_may_not_be_used_is_not_taken_for_none(client: DockerClient, tmp_path: Path) -> None:
    become_nobody = "os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    as_nobody = f"import os, workflow_pipeline.__main__ as command; {become_nobody}; command.main()"
    command = [sys.executable, "-c", as_nobody, "--runs", str(tmp_path)]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2, refused.stderr
    assert refused.stderr == (
        "error: there is a Docker engine, but this user may not use it: "
        "sudo usermod -aG docker $USER, then log in again\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.docker
@pytest.mark.usefixtures("client")
def test_a_path_that_docker_cannot_mount_is_refused_before_anything_runs(source: Path, tmp_path: Path) -> None:
    refused = workflow(source, tmp_path / "2026-11-27T14:40")
    assert refused.returncode == 2
    assert f"Docker cannot work in {tmp_path}/2026-11-27T14:40, because of the ':' in its path" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.docker
def test_an_image_that_cannot_be_built_is_named_with_the_reason(client: DockerClient, tmp_path: Path) -> None:
    context = {"Dockerfile": b"FROM scratch AS step\nCOPY no-such-file /\n"}
    with (
        (tmp_path / "log").open("w") as log,
        pytest.raises(BadInput, match=r"the image x/y:z could not be built .*no-such"),
    ):
        build(client, "x/y:z", context, {}, "step", log)
