"""`make demo-data`, `rerun-data` and `ui-data`: the report, the gate, and no process left running."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from churn.storage.atomic import sha256_of
from churn.storage.months import add_months, month_range
from tests.data_pipeline.conftest import ROOT, assert_equal_to_the_last_bit, run
from tests.demos import CUSTOMERS, MONTH, Demos, environment_python
from tests.processes import descendants, left_running

BEFORE = add_months(MONTH, -1)
SMALL = ("--customers", str(CUSTOMERS), "--month", MONTH)


def checksums(lake: Path) -> dict[str, str]:
    return {str(file.relative_to(lake)): sha256_of(file) for file in lake.glob("*/month=*/**/*") if file.is_file()}


@pytest.mark.airflow
@pytest.mark.slow
def test_airflow_gives_the_plain_answer_to_the_last_bit(demos: Demos) -> None:
    demos.run("data")
    assert_equal_to_the_last_bit(demos, "data")


@pytest.mark.airflow
@pytest.mark.slow
def test_demo_tells_of_the_broken_month_and_what_ran_after_it_was_corrected(demos: Demos) -> None:
    text = " ".join(demos.run("data").stdout.split())
    assert f"{MONTH} exports.validate failed: contract: usage {MONTH}" in text
    assert f"the predictions of {BEFORE} stay live" in text
    assert (
        f"ran after the correction: exports {MONTH}, features {BEFORE}, features {MONTH}, predictions {MONTH} " in text
    )


@pytest.mark.airflow
@pytest.mark.slow
def test_every_task_of_the_half_year_is_on_record(demos: Demos) -> None:
    demos.run("data")
    query = """
        SELECT task_instance.dag_id, partition_key, task_id, task_instance.state, try_number
        FROM task_instance JOIN dag_run USING (dag_id, run_id)
    """
    with closing(sqlite3.connect(demos.runs / "data" / "airflow" / "airflow.db")) as database:
        tasks = sorted(database.execute(query))
    months = month_range("2025-01", MONTH)
    of_exports = [(month, task) for month in [*months, MONTH] for task in ("collect", "validate")]
    broken = ("exports", MONTH, "validate", "failed", 1)
    assert [task for task in tasks if task[0] == "exports"] == sorted(
        [("exports", *each, "success", 1) for each in of_exports[:-1]] + [broken]
    )
    features = [task[1:] for task in tasks if task[0] == "features"]
    assert {task for task in features if task[2] != "skipped"} == {(month, "process", "success", 1) for month in months}
    assert [task for task in tasks if task[0] == "predictions"] == sorted(
        ("predictions", month, task, "success", 1) for month in (BEFORE, MONTH) for task in ("build", "train", "deploy")
    )


@pytest.fixture
def another(demos: Demos, tmp_path: Path) -> Path:
    """Return a folder of runs with a copy of the demo's run, which a test may change."""
    demos.run("data")
    shutil.copytree(demos.runs / "data", tmp_path / "data", symlinks=True)
    return tmp_path


@pytest.mark.thorough
@pytest.mark.airflow
@pytest.mark.slow
def test_a_month_is_run_again_in_the_airflow_of_the_demo(another: Path) -> None:
    lake = another / "data" / "lake"
    tables = checksums(lake)
    killed = lake / "features" / f".month={MONTH}.0123abcd.new"
    killed.mkdir()
    with left_running() as left:
        again = run("data", "-m", "data_pipeline", "rerun", "--month", MONTH, "--runs", str(another))
    assert again.returncode == 0, again.stdout + again.stderr
    assert checksums(lake) == tables
    assert not killed.exists()
    assert left == []


@pytest.mark.airflow
@pytest.mark.slow
def test_demo_leaves_no_process(demos: Demos) -> None:
    demos.run("data")
    assert demos.left_running["data"] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux who started whom")
def test_a_process_that_hides_is_seen_all_the_same() -> None:
    """With a session, an environment and a parent that are not the command's any more."""
    with left_running() as left:
        subprocess.run(["setsid", "--fork", "env", "-i", "sleep", "300"], check=True)
    assert left == ["sleep 300"]


@pytest.mark.thorough
@pytest.mark.airflow
@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_demo_that_is_stopped_takes_airflow_with_it(tmp_path: Path, ending: signal.Signals) -> None:
    command = [environment_python("data"), "-m", "data_pipeline", *SMALL, "--runs", str(tmp_path)]
    with (
        left_running() as left,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as demo,
    ):
        try:
            deadline = time.monotonic() + 240
            while len(descendants(demo.pid)) < 6:  # three components, and workers that are at a task
                assert time.monotonic() < deadline
                assert demo.poll() is None
                time.sleep(0.2)
            demo.send_signal(ending)
            _, said = demo.communicate(timeout=60)
        finally:
            demo.kill()
    assert demo.returncode == (130 if ending == signal.SIGINT else -ending)
    assert ending != signal.SIGINT or "stopped" in said
    assert left == []
