"""kill -9 of each part in turn, while a month is being trained; then the same command again: the same answer."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from docker import DockerClient

from tests.demos import ROOT, environment_python
from tests.processes import descendants, left_running
from tests.together.conftest import NAME
from together.engines.images import image
from workflow_pipeline.engine.runner import SERVED_LABEL, STEP_LABEL, engine

pytestmark = [pytest.mark.nightly, pytest.mark.slow, pytest.mark.docker, pytest.mark.airflow]
WORLD = ["--customers=600", "--month=2025-04"]
SECONDS_TO_TRAIN = 600


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    found = engine()
    assert found is not None, "no Docker engine answers"
    yield found
    found.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the demo that nobody kills, in a folder of runs."""
    runs = tmp_path_factory.mktemp("undisturbed")
    assert start(runs).wait(SECONDS_TO_TRAIN) == 0
    return runs


def start(runs: Path) -> "subprocess.Popen[bytes]":
    with (runs / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [environment_python("data"), "-m", "together", *WORLD, f"--runs={runs}"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def containers(client: DockerClient, runs: Path, stopped: bool = True) -> list[Any]:
    label = f"{STEP_LABEL}={(runs / NAME / 'kfp' / 'steps').resolve()}"
    return list(client.containers.list(all=stopped, filters={"label": label}))


def networks(client: DockerClient, runs: Path) -> list[Any]:
    return list(client.networks.list(filters={"label": f"{STEP_LABEL}={(runs / NAME / 'kfp' / 'steps').resolve()}"}))


def at_training(client: DockerClient, runs: Path, demo: "subprocess.Popen[bytes]") -> Any:
    """Wait until the container that trains is at work, and return it."""
    deadline = time.monotonic() + SECONDS_TO_TRAIN
    while time.monotonic() < deadline and demo.poll() is None:
        for container in containers(client, runs, stopped=False):
            command = " ".join(container.attrs["Config"]["Cmd"])
            if (
                image() in container.attrs["Config"]["Image"]
                and "--executor_input" in command
                and "challenger" in command
            ):
                return container
        time.sleep(0.1)
    raise AssertionError((runs / "output.txt").read_text(encoding="utf-8")[-2000:])


def program(demo: int, *words: str) -> int:
    """Return the process below the demo whose command has these words."""
    for pid in descendants(demo) | {child.pid for child in psutil.Process(demo).children(recursive=True)}:
        try:
            if all(word in " ".join(psutil.Process(pid).cmdline()) for word in words):
                return pid
        except psutil.Error:
            continue
    raise AssertionError(f"no process with {words}")


def kill_container(container: Any) -> None:
    container.kill(signal.SIGKILL)


def server(client: DockerClient, runs: Path, words: str) -> Any:
    """Return the container of one of the two servers."""
    for container in containers(client, runs, stopped=False):
        if SERVED_LABEL in container.labels and words in " ".join(container.attrs["Config"]["Cmd"]):
            return container
    raise AssertionError(f"no container with {words}")


Victim = Callable[[DockerClient, Path, "subprocess.Popen[bytes]", Any], None]
VICTIMS: dict[str, Victim] = {
    "the scheduler": lambda client, runs, demo, step: os.kill(
        program(demo.pid, "airflow", "scheduler"), signal.SIGKILL
    ),
    "the task": lambda client, runs, demo, step: os.kill(program(demo.pid, "venv-call", "script.py"), signal.SIGKILL),
    "the container": lambda client, runs, demo, step: kill_container(step),
    "the tracking server": lambda client, runs, demo, step: kill_container(server(client, runs, "mlflow server")),
    "the endpoint": lambda client, runs, demo, step: kill_container(server(client, runs, "together.endpoint")),
    "the demo": lambda client, runs, demo, step: demo.kill(),
}


def outcome(runs: Path) -> dict[str, Any]:
    """Return what must be the same: the answer, the champion's scores, and which months have a live table."""
    report = json.loads((runs / NAME / "report.json").read_text(encoding="utf-8"))
    live = sorted(folder.name for folder in (runs / NAME / "lake" / "live").iterdir())
    return {"baseline": report["baseline"], "best": report["best"], "live": live}


@pytest.mark.parametrize("victim", VICTIMS)
def test_after_a_kill_of_one_part_the_next_run_gives_the_same(
    client: DockerClient, undisturbed: Path, tmp_path: Path, victim: str
) -> None:
    shutil.copytree(undisturbed / "world", tmp_path / "world")
    with left_running() as left:
        demo = start(tmp_path)
        VICTIMS[victim](client, tmp_path, demo, at_training(client, tmp_path, demo))
        code = demo.wait(SECONDS_TO_TRAIN)
        output = (tmp_path / "output.txt").read_text(encoding="utf-8")
        assert "Traceback" not in output
        assert code in ((-signal.SIGKILL,) if victim == "the demo" else (0, 2)), output
        assert start(tmp_path).wait(SECONDS_TO_TRAIN) == 0, (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert outcome(tmp_path) == outcome(undisturbed)
    assert left == []
    assert containers(client, tmp_path) == []
    assert networks(client, tmp_path) == []
