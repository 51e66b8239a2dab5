"""The same images under a different engine: compose.yaml, run as its first lines describe."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from docker import DockerClient

from tests.workflow_pipeline.conftest import ROOT
from workflow_pipeline.containers.compose import settings, write_settings

COMPOSE = ROOT / "workflow_pipeline" / "containers" / "compose.yaml"
MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04"]


def test_make_images_writes_what_compose_asks_for(tmp_path: Path) -> None:
    written = write_settings(tmp_path).read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8")))
    assert set(re.findall(r"^(\w+)=.", written, re.MULTILINE)) == asked
    assert not re.search(r"^OWNER=0", written, re.MULTILINE)


@pytest.fixture(scope="module")
def docker_compose() -> list[str]:
    """The command, as Docker's plugin or as Debian's package."""
    docker = shutil.which("docker") or "docker"
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    if alone := shutil.which("docker-compose"):
        return [alone]
    reason = "there is no docker compose (Debian: apt install docker-compose)"
    if os.environ.get("CI") == "true" and sys.platform == "linux":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.thorough
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.usefixtures("finished")
def test_compose_makes_the_same_predictions(
    client: DockerClient, docker_compose: list[str], source: Path, plain: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    tmp_path.chmod(0o755)
    file = tmp_path / "settings.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings(source, lake, MONTHS).items()))
    project = [*docker_compose, "--env-file", str(file), "-f", str(COMPOSE), "-p", "one-churn-problem-test"]
    try:
        done = subprocess.run([*project, "up"], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        ended = client.containers.list(all=True, filters={"label": "com.docker.compose.project=one-churn-problem-test"})
        assert {container.attrs["State"]["ExitCode"] for container in ended} == {0}, done.stdout
        assert len(ended) == 6
    finally:
        subprocess.run([*project, "down"], capture_output=True, check=True)
    table = "predictions/month=2025-04/predictions.parquet"
    assert pl.read_parquet(lake / table).equals(pl.read_parquet(plain / "lake" / table))
