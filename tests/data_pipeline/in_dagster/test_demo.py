"""`make demo-dagster` and `ui-dagster`: the report, the records and the pages."""

import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from churn.storage.months import add_months, month_range
from tests.data_pipeline.conftest import ROOT, assert_equal_to_the_last_bit, run
from tests.demos import MONTH, Demos, environment_python
from tests.processes import left_running

BEFORE = add_months(MONTH, -1)


@pytest.mark.slow
def test_dagster_gives_the_plain_answer_to_the_last_bit(demos: Demos) -> None:
    text = " ".join(demos.run("data-dagster").stdout.split())
    assert_equal_to_the_last_bit(demos, "data-dagster")
    assert f"incident {MONTH} contract: usage {MONTH}" in text
    assert (
        f"ran after the correction: exports {MONTH}, features {BEFORE}, {MONTH}, predictions {MONTH} baseline: ROC-AUC"
        in text
    )


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
