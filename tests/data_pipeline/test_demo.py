"""`make demo-data` and `make demo-dagster`: the report, the gate, and no process left running."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from churn.harness.report import read_report
from churn.storage.atomic import sha256_of
from churn.storage.months import add_months, month_range
from data_pipeline.local_airflow.client import only_the_predictions_failed
from tests.data_pipeline.conftest import ROOT, run
from tests.demos import CUSTOMERS, MONTH, Demos, environment_python
from tests.processes import descendants, left_running

BEFORE = add_months(MONTH, -1)
SMALL = ("--customers", str(CUSTOMERS), "--month", MONTH)


def checksums(lake: Path) -> dict[str, str]:
    return {str(file.relative_to(lake)): sha256_of(file) for file in lake.glob("*/month=*/**/*") if file.is_file()}


def assert_equal_to_the_last_bit(demos: Demos, name: str) -> None:
    demos.run("plain")
    ours, theirs = (read_report(demos.runs / run / "report.json") for run in (name, "plain"))
    assert ours.baseline == theirs.baseline  # with the checksum of the predictions
    assert all(stage.seconds > 0 for stage in ours.stages)


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


@pytest.mark.parametrize(
    ("states", "alone"),
    [
        ({"exports": "success", "features": "success", "predictions": "failed"}, True),
        ({"exports": "success", "features": "success", "predictions": "success"}, False),
        ({"exports": "success", "features": "failed", "predictions": "failed"}, False),
        ({"exports": "failed", "features": "success", "predictions": "failed"}, False),
        ({"exports": "success", "features": "success"}, False),
    ],
)
def test_what_is_done_is_not_run_again_when_predictions_alone_failed(states: dict[str, str], alone: bool) -> None:
    earlier = [{"dag_id": dag, "partition_key": MONTH, "state": "success", "queued_at": "2025-07-01"} for dag in states]
    other = [{"dag_id": "exports", "partition_key": BEFORE, "state": "failed", "queued_at": "2025-07-03"}]
    newest = [
        {"dag_id": dag, "partition_key": MONTH, "state": state, "queued_at": "2025-07-02"}
        for dag, state in states.items()
    ]
    assert only_the_predictions_failed([*newest, *other, *earlier], MONTH) == alone


@pytest.mark.airflow
@pytest.mark.slow
def test_the_pages_show_the_runs_of_the_demo_until_ctrl_c(another: Path) -> None:
    command = [environment_python("data"), "-m", "data_pipeline", "ui", "--runs", str(another)]
    with left_running() as left, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as pages:
        try:
            assert pages.stdout is not None
            address = next(found[0] for line in pages.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            with urlopen(f"{address}/api/v2/dags/predictions/dagRuns") as answer:
                runs = json.load(answer)["dag_runs"]
            pages.send_signal(signal.SIGINT)
            pages.communicate(timeout=60)
        finally:
            pages.kill()
    assert {run["partition_key"] for run in runs} == {BEFORE, MONTH}
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


@pytest.mark.slow
def test_dagster_gives_the_plain_answer_to_the_last_bit(demos: Demos) -> None:
    text = " ".join(demos.run("data-dagster").stdout.split())
    assert_equal_to_the_last_bit(demos, "data-dagster")
    assert f"incident {MONTH} contract: usage {MONTH}" in text
    assert f"ran after the correction: exports {MONTH}, features {BEFORE}, {MONTH}, predictions {MONTH} ROC-AUC" in text


@pytest.mark.slow
def test_dagster_has_every_step_of_the_half_year_on_record(demos: Demos) -> None:
    demos.run("data-dagster")
    say = """
import dagster, json
instance = dagster.DagsterInstance.get()
print(json.dumps(sorted(
    [run.job_name, run.tags["dagster/partition"], step.step_key, step.status.value]
    for run in instance.get_runs() for step in instance.get_run_step_stats(run.run_id)
)))
"""
    steps = json.loads(run("dagster", "-c", say, DAGSTER_HOME=str(demos.runs / "data-dagster" / "dagster")).stdout)
    months = month_range("2025-01", MONTH)
    expected = [["exports_job", month, step, "SUCCESS"] for month in [*months, MONTH] for step in ("raw", "valid")]
    expected[-1][-1] = "FAILURE"  # the check is blocking
    # the newest first without its valid rows, and so without a result; then again, with the late rows of the one before
    expected += [["features_job", month, "process", "SUCCESS"] for month in [*months, BEFORE, MONTH]]
    expected += [["predictions_job", MONTH, step, "SUCCESS"] for step in ("training", "model", "predictions")]
    assert steps == sorted(expected)


@pytest.mark.slow
def test_dagsters_pages_show_the_runs_of_the_demo_until_ctrl_c(demos: Demos, tmp_path: Path) -> None:
    demos.run("data-dagster")
    shutil.copytree(demos.runs / "data-dagster", tmp_path / "data-dagster", symlinks=True)
    command = [environment_python("dagster"), "-m", "data_pipeline.in_dagster.demo", "--ui", "--runs", str(tmp_path)]
    with left_running() as left, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as pages:
        try:
            assert pages.stdout is not None
            address = next(found[0] for line in pages.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            question = json.dumps({"query": "{ runsOrError { ... on Runs { results { jobName status } } } }"}).encode()
            runs = asked(Request(f"{address}/graphql", question, {"Content-Type": "application/json"}))
            pages.send_signal(signal.SIGINT)
            pages.communicate(timeout=60)
        finally:
            pages.kill()
    shown = {(run["jobName"], run["status"]) for run in runs["data"]["runsOrError"]["results"]}
    assert {("exports_job", "FAILURE"), ("features_job", "SUCCESS"), ("predictions_job", "SUCCESS")} <= shown
    assert left == []


def asked(question: Request) -> Any:
    """Return the answer, as soon as the server gives one."""
    deadline = time.monotonic() + 120
    while True:
        try:
            with urlopen(question, timeout=30) as answer:
                return json.load(answer)
        except URLError:
            assert time.monotonic() < deadline
            time.sleep(0.5)


@pytest.mark.slow
def test_dagster_accepts_assets_jobs_and_schedules_together(tmp_path: Path) -> None:
    """The demo runs one job at a time and would not notice two jobs of the same name; Dagster's pages do."""
    words = ("-m", "dagster", "definitions", "validate", "-m", "data_pipeline.in_dagster.assets")
    checked = run("dagster", *words, DAGSTER_HOME=str(tmp_path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_nothing_to_look_at_is_a_sentence(tmp_path: Path) -> None:
    for environment, words, target in (
        ("data", ("data_pipeline", "ui"), "demo-data"),
        ("dagster", ("data_pipeline.in_dagster.demo", "--ui"), "demo-dagster"),
    ):
        refused = run(environment, "-m", *words, "--runs", str(tmp_path))
        assert refused.returncode == 2
        assert f"make {target} comes first" in refused.stderr


def test_a_month_outside_the_world_is_a_sentence(tmp_path: Path) -> None:
    refused = run("data", "-m", "data_pipeline", "--month", "2031-01", "--runs", str(tmp_path))
    assert refused.returncode == 2
    assert "choose a month from 2025-03 to 2025-12" in refused.stderr


def test_home_of_another_version_is_kept_and_named(tmp_path: Path) -> None:
    home = tmp_path / "data" / "airflow"
    home.mkdir(parents=True)
    (home / "version").write_text("2.9.3", encoding="utf-8")
    refused = run("data", "-m", "data_pipeline", *SMALL, "--runs", str(tmp_path))
    assert refused.returncode == 2
    assert "was made by Airflow 2.9.3" in refused.stderr
    assert (home / "version").read_text(encoding="utf-8") == "2.9.3"


def test_rerun_outside_the_world_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data" / "airflow").mkdir(parents=True)
    for month in month_range("2025-01", "2025-06"):
        (tmp_path / "data" / "source" / f"month={month}").mkdir(parents=True)
    for words, said in (
        (
            ["--month", "2025-05", "--last", "2031-01"],
            "2025-05 to 2031-01: the operator's exports run from 2025-01 to 2025-06",
        ),
        (["--month", "2025-13"], "2025-13"),
        ([], "--month"),
    ):
        refused = run("data", "-m", "data_pipeline", "rerun", *words, "--runs", str(tmp_path))
        assert refused.returncode == 2
        assert said in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
