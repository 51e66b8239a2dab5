import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.demos import ROOT, environment_python

HERE = Path(__file__).parent
Checked = Callable[..., "subprocess.CompletedProcess[str]"]


def run_check(words: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
    """Run the checker as `make check-notebooks` does, from the root of the repository."""
    command = [environment_python("notebooks"), "-m", "notebooks", "check", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, in which the checks keep the caches of the kernels: only the first one has to compile."""
    folder = tmp_path_factory.getbasetemp().parent / "runs of the checks"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def checked(caches: Path) -> Checked:
    """Return a function that checks a notebook or a folder, and returns what was printed."""
    return lambda *words: run_check([*words, f"--runs={caches}"])


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """A person's own folder: a notebook that keeps the rules, its module, and its data."""
    return Path(shutil.copytree(HERE / "good", tmp_path / "a person's folder"))
