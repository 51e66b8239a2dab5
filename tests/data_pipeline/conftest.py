import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.demos import environment_python

ROOT = Path(__file__).parents[2]
MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04"]


def run(environment: str, *words: str, timeout: float = 600, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [environment_python(environment), *words],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
    )


def processes_of(folder: Path) -> list[str]:
    """The command lines of processes that belong to an Airflow in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text().replace("\0", " ")
            if f"AIRFLOW_HOME={folder}/".encode() in (process / "environ").read_bytes():
                found.append(command)
        except OSError:  # ended meanwhile
            continue
    return found


def descendants(pid: int) -> set[int]:
    """Processes that this one has started, and those that they have started."""
    parent = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {pid}
    while more := {child for child, of in parent.items() if of in found} - found:
        found |= more
    return found - {pid}


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What year.py wrote down about a real Airflow that was put through trouble."""
    folder = tmp_path_factory.mktemp("year")
    done = run("data", "-m", "tests.data_pipeline.year", str(folder), timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((folder / "year.json").read_text(encoding="utf-8"))
