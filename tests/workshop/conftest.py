import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fresh_clone import script

ROOT = Path(__file__).parents[2]
IN_THE_TEST_ENVIRONMENT = ("plain", "model", "workflow", "tracking")  # it shares their locks


def python_of(environment: str) -> Path:
    """Return the Python that grades exercises of an environment. In CI its absence is a failure."""
    if environment in IN_THE_TEST_ENVIRONMENT:
        return Path(sys.executable)
    python = ROOT / ".venv" / environment / "bin" / "python"
    if not python.exists():
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"environment {environment} is not built: make .venv/{environment}/.ok")
    return python


@pytest.fixture
def classroom(clone: Path) -> Path:
    """Copy the workshop without any answers. All its environments are the one that runs this test."""
    for folder in ("workshop", "churn"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__", "answers"))
    for name in IN_THE_TEST_ENVIRONMENT:
        script(clone / ".venv" / name / "bin" / "python", f'exec "{sys.executable}" "$@"')
        (clone / ".venv" / name / ".ok").touch()
    return clone


def workshop(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the workshop in `folder`, as make does."""
    return subprocess.run(
        [sys.executable, "-m", "workshop", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
