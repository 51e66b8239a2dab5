"""The nest in the small world of all demos, and a copy of what it left, which a test may change."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.demos import ROOT, Demos, environment_python

NAME = "together"


@pytest.fixture(scope="session")
def story(demos: Demos) -> "subprocess.CompletedProcess[str]":
    """The output of `make demo-together`, in containers."""
    return demos.run(NAME)


@pytest.fixture
def copied(story: object, demos: Demos, tmp_path: Path) -> Path:
    """A folder of runs with a copy of what the demo left."""
    shutil.copytree(demos.runs / NAME, tmp_path / "runs" / NAME, symlinks=True)
    return tmp_path / "runs"


def together(runs: Path, *words: str, timeout: int = 300) -> "subprocess.CompletedProcess[str]":
    """Run one of the commands of `python -m together`."""
    return subprocess.run(
        [environment_python("data"), "-m", "together", *words, f"--runs={runs}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
    )
