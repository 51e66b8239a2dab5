import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from docker import DockerClient
from docker.errors import DockerException
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from churn.__main__ import solve
from churn.harness.command import OperatorData
from churn.simulator.exports import export
from churn.simulator.world import World
from tests.demos import BEHIND_A_PROXY
from workflow_pipeline.engine.runner import STEP_LABEL, engine
from workflow_pipeline.images import LABEL

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
    solve(OperatorData(source, ["2025-01", "2025-02", "2025-03", "2025-04"], 11), folder)
    return folder


@pytest.fixture(scope="session")
def seen() -> dict[str, Any]:
    """Docker's description of each container that ran for `finished`, by stage."""
    return {}


@pytest.fixture(scope="session")
def finished(
    client: DockerClient, source: Path, tmp_path_factory: pytest.TempPathFactory, seen: dict[str, Any]
) -> Path:
    """The folder of runs with one finished run in it; its images are built."""
    runs = tmp_path_factory.mktemp("runs of feature%2F[2026] ü?")
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            with suppress(DockerException):  # a container ended between two requests
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
    """A folder of runs for this test alone. The images exist already, and the cache is empty."""
    return tmp_path / "runs"


def command(source: Path, runs: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "workflow_pipeline", "--source", str(source), "--runs", str(runs), *options]


def workflow(
    source: Path, runs: Path, *options: str, cwd: Path = ROOT, inside: Sequence[str] = (), **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end, behind a proxy that answers nobody, and with files that only their owner may read.

    `inside` is a command to put in front, which runs it elsewhere.
    """
    return subprocess.run(
        [*inside, *command(source, runs, *options)],
        cwd=cwd,
        env={
            **os.environ,
            **BEHIND_A_PROXY,
            "COLUMNS": "200",
            "PYTHONPATH": str(cwd),
            **environment,
        },  # `inside` may move us
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )


def start(
    source: Path, runs: Path, *options: str, cwd: Path = ROOT, inside: Sequence[str] = (), **environment: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*inside, *command(source, runs, *options)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(find: Callable[[], Any], seconds: float = 120) -> Any:
    """Return the first result of `find` that is not empty."""
    polling = Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.05),
        retry=retry_if_result(lambda found: not found) | retry_if_exception_type(DockerException),
    )
    return polling(find)


def wait_for_step(client: DockerClient, runs: Path, stage: str) -> Any:
    """Return the container of this stage as soon as it runs."""

    def running() -> Any:
        for container in containers(client, runs):
            if f"/{stage}:" in container.attrs["Config"]["Image"] and container.attrs["State"]["Running"]:
                return container

    return wait_for(running)


def builds(client: DockerClient) -> list[Any]:
    """Return the containers in which Docker runs the commands of our Dockerfile."""
    found = client.containers.list(all=True, filters={"label": LABEL})
    return [container for container in found if STEP_LABEL not in container.labels]


def unnamed(client: DockerClient) -> set[str]:
    """Return our images without a name: leftovers of killed builds, and what a build is working on."""
    return {str(image.id) for image in client.images.list(filters={"dangling": True, "label": LABEL})}


def report(runs: Path) -> dict[str, Any]:
    return json.loads((runs / "workflow" / "report.json").read_text(encoding="utf-8"))


def executed(runs: Path) -> list[str]:
    return [stage["name"] for stage in report(runs)["stages"] if stage["status"] == "ok"]


def predictions(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "predictions.parquet", glob=False)


def containers(client: DockerClient, runs: Path) -> list[Any]:
    """Return the containers of the runs in this folder, running or not."""
    label = f"{STEP_LABEL}={runs / 'workflow' / 'steps'}"
    return list(client.containers.list(all=True, filters={"label": label}))


def copy_of_the_code(folder: Path) -> Path:
    for part in ("churn", "workflow_pipeline"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
