"""`make demo-dagster`: the report and the records."""

import json
from pathlib import Path

import pytest

from churn.storage.months import add_months, month_range
from tests.data_pipeline.conftest import assert_equal_to_the_last_bit, run
from tests.demos import MONTH, Demos

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
