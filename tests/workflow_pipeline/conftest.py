import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.errors import DockerException

from churn.pipeline import run as run_plain
from churn.source import export
from churn.world import World
from workflow_pipeline.runner import engine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def client() -> DockerClient:
    found = engine()
    if found is None:
        reason = "no Docker engine answers (.ci/docker-engine starts one)"
        promised = os.environ.get("CI") == "true" and sys.platform == "linux"  # elsewhere the runners have none
        pytest.fail(reason) if promised else pytest.skip(reason)
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
def seen() -> dict[str, Any]:
    """What the engine said of each container while `finished` ran, by stage."""
    return {}


@pytest.fixture(scope="session")
def finished(
    client: DockerClient, source: Path, tmp_path_factory: pytest.TempPathFactory, seen: dict[str, Any]
) -> Path:
    """The folder of runs with one finished run in it; its images are built."""
    runs = tmp_path_factory.mktemp("runs")
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            with suppress(DockerException):  # a container ended between two questions
                for container in containers(client, runs):
                    seen[re.split("[/:]", container.attrs["Config"]["Image"])[1]] = container.attrs

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        done = workflow(source, runs)
    finally:
        ended.set()
        watching.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert containers(client, runs) == []
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


def containers(client: DockerClient, runs: Path) -> list[Any]:
    """Those of the runs in this folder, running or not."""
    label = f"one-churn-problem.folder={runs / 'workflow' / 'steps'}"
    return list(client.containers.list(all=True, filters={"label": label}))


def copy_of_the_code(folder: Path) -> Path:
    for part in ("churn", "workflow_pipeline"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
