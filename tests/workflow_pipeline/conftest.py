import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from docker import DockerClient

from churn.pipeline import run as run_plain
from churn.source import export
from churn.world import World
from workflow_pipeline.runner import engine

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def client() -> DockerClient:
    found = engine()
    if found is None:
        reason = "no Docker engine answers (.ci/docker-engine starts one)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four months of a small operator."""
    folder = tmp_path_factory.mktemp("world") / "source"
    export(World(customers=600, months=4, seed=11), folder)
    return folder


@pytest.fixture(scope="session")
def plain(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain answer on the same exports."""
    folder = tmp_path_factory.mktemp("plain")
    run_plain(source, folder, ["2025-01", "2025-02", "2025-03", "2025-04"], 11)
    return folder


@pytest.fixture(scope="session")
def finished(client: DockerClient, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs with one finished run in it; its images are built."""
    runs = tmp_path_factory.mktemp("runs")
    done = workflow(source, runs)
    assert done.returncode == 0, done.stdout + done.stderr
    return runs


@pytest.fixture
def runs(finished: Path, tmp_path: Path) -> Path:
    """A folder of runs of the test's own. The images are there already, and the cache is empty."""
    return tmp_path / "runs"


def workflow(
    source: Path, runs: Path, *options: str, cwd: Path = ROOT, **environment: str
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "workflow_pipeline", "--source", str(source), "--runs", str(runs), *options]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_the_code(folder: Path) -> Path:
    for part in ("churn", "workflow_pipeline"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
