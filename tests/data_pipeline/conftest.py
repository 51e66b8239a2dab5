import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from churn.harness.report import read_report
from tests.demos import Demos, environment_python
from tests.processes import left_running

ROOT = Path(__file__).parents[2]


def run(
    environment: str,
    *words: str,
    timeout: float = 600,
    before: Sequence[str] = (),
    cwd: Path = ROOT,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, environment_python(environment), *words],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
    )


@contextmanager
def pages(environment: str, *words: str, end: signal.Signals = signal.SIGINT) -> Iterator[str]:
    """Run a command that serves pages, yield the line with its address, and end it, with all that it has started."""
    command = [environment_python(environment), "-m", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            yield next(line for line in served.stdout if "http://127.0.0.1:" in line)
        finally:
            started = psutil.Process(served.pid).children(recursive=True)
            served.send_signal(end)
            try:
                served.communicate(timeout=60)
            finally:
                served.kill()
                _, still_running = psutil.wait_procs(started, timeout=60)
                for process in still_running:
                    process.kill()
    assert len(started) > 2
    assert still_running == []


def own_mounts() -> list[str]:
    """Return words to put before a command so that its mounts are visible only to it, and end with it."""
    words = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    permitted = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if permitted and permitted.returncode == 0 else []


def assert_equal_to_the_last_bit(demos: Demos, name: str) -> None:
    demos.run("plain")
    ours, theirs = (read_report(demos.runs / run / "report.json") for run in (name, "plain"))
    assert ours.baseline == theirs.baseline  # with the checksum of the predictions
    assert all(stage.seconds > 0 for stage in ours.stages)


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the notes of year.py after months out of order, twice, late and broken."""
    events = ("out_of_order", "rerun", "late_delivery", "twice_at_once", "broken")
    return notes_of_a_year(tmp_path_factory.mktemp("year"), events)


@pytest.fixture(scope="session")
def hard_year(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the notes of year.py after a full disk and kills."""
    return notes_of_a_year(tmp_path_factory.mktemp("hard year"), ("out_of_order", "disk_full", "task_killed", "killed"))


def notes_of_a_year(folder: Path, events: Sequence[str]) -> Any:
    """Put a real Airflow through these events, and return what year.py noted after each."""
    with left_running() as left:
        done = run("data", "-m", "tests.data_pipeline.year", str(folder), *events, timeout=1200, before=own_mounts())
    assert left == []
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    print(done.stdout)
    return json.loads((folder / "year.json").read_text(encoding="utf-8"))
