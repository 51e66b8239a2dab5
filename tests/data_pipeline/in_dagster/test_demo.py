"""`make demo-dagster`: the report and the records."""

import json
from pathlib import Path

import pytest

from churn.lake import months_of
from churn.storage.months import add_months, month_range
from tests.data_pipeline.conftest import assert_equal_to_the_last_bit, run
from tests.demos import MONTH, Demos

BEFORE = add_months(MONTH, -1)
CTRL_C = """
import signal
from dagster import DagsterInstance
from data_pipeline.in_dagster import demo

def record_and_interrupt(instance, event, **rest):
    record(instance, event, **rest)
    if event.dagster_event and event.dagster_event.event_type_value == "{event}":
        DagsterInstance.handle_new_event = record
        signal.raise_signal(signal.SIGINT)

record, DagsterInstance.handle_new_event = DagsterInstance.handle_new_event, record_and_interrupt
demo.main()
"""


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
def test_dagster_has_every_step_of_the_half_year_on_record(demos: Demos, tmp_path: Path) -> None:
    demos.run("data-dagster")
    home = tmp_path / "home"  # as Dagster needs it
    home.symlink_to(demos.runs / "data-dagster" / "dagster")
    say = """
import dagster, json
instance = dagster.DagsterInstance.get()
print(json.dumps(sorted(
    [run.job_name, run.tags["dagster/partition"], step.step_key, step.status.value]
    for run in instance.get_runs() for step in instance.get_run_step_stats(run.run_id)
)))
"""
    steps = json.loads(run("dagster", "-c", say, DAGSTER_HOME=str(home)).stdout)
    months = month_range("2025-01", MONTH)
    expected = [["exports_job", month, step, "SUCCESS"] for month in [*months, MONTH] for step in ("raw", "valid")]
    expected[-1][-1] = "FAILURE"  # the check is blocking
    # the newest first without its valid rows, and so without a result; then again, with the late rows of the one before
    expected += [["features_job", month, "process", "SUCCESS"] for month in [*months, BEFORE, MONTH]]
    expected += [["predictions_job", MONTH, step, "SUCCESS"] for step in ("training", "model", "predictions")]
    assert steps == sorted(expected)


@pytest.mark.slow
def test_dagster_accepts_assets_jobs_and_schedules_together(tmp_path: Path) -> None:
    """The demo runs one job at a time and would not notice two jobs of the same name; Dagster's pages do."""
    words = ("-m", "dagster", "definitions", "validate", "-m", "data_pipeline.in_dagster.assets")
    checked = run("dagster", *words, DAGSTER_HOME=str(tmp_path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
@pytest.mark.parametrize("event", ["STEP_SUCCESS", "RUN_SUCCESS"])
def test_ctrl_c_between_two_steps_or_two_runs_ends_the_demo(tmp_path: Path, event: str) -> None:
    """Dagster would report the first one as a failed run, and forget the second."""
    world = ("--customers=600", "--month=2025-03", f"--runs={tmp_path}")
    ended = run("dagster", "-c", CTRL_C.replace("{event}", event.replace("RUN", "PIPELINE")), *world)
    assert ended.returncode == 130, ended.stdout + ended.stderr
    assert ended.stderr.endswith("stopped: run the same command again to continue\n")
    assert months_of(tmp_path / "data-dagster" / "lake", "raw") == ["2025-01"]
