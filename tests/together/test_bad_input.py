"""The nest refuses bad input with one sentence, and starts nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.demos import ROOT, environment_python

pytestmark = pytest.mark.slow
WORLD = ["--customers=600", "--month=2025-04"]


def together(runs: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [environment_python("data"), "-m", "together", *words[:1], *WORLD, *words[1:], f"--runs={runs}"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )


def test_without_docker_the_smaller_nest_is_offered_and_nothing_was_started(tmp_path: Path) -> None:
    done = together(tmp_path, "demo", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 2
    assert done.stderr.startswith("error: no Docker engine answers: make demo-together NEST=two needs none")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "together" / "airflow").exists()
    assert not (tmp_path / "together" / "servers.json").exists()


@pytest.mark.parametrize("command", ["ui", "lineage"])
def test_before_the_demo_there_is_nothing_to_look_at(tmp_path: Path, command: str) -> None:
    done = together(tmp_path, command, "--customer=1")
    assert done.returncode == 2
    assert "make demo-together comes first" in done.stderr


def test_a_month_outside_the_world_is_a_sentence(tmp_path: Path) -> None:
    done = together(tmp_path, "demo", "--month=2031-01")
    assert done.returncode == 2
    assert "MONTH=2031-01 cannot be scored" in done.stderr
