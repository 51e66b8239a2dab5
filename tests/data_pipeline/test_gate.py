"""The gate of `build`: digests decide, not the dates of files. And what `build` and `train` learn from."""

import json
from typing import Any

import pytest

from tests.data_pipeline.conftest import run

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("gate")
    done = run("data", "-m", "tests.data_pipeline.gate", str(folder), AIRFLOW_HOME=str(folder / "home"))
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_copy_of_the_lake_neither_closes_the_gate_nor_opens_it(answers: Any) -> None:
    assert answers["as made"] == answers["copied"] == "open"
    assert answers["changed"] == answers["changed and copied"] != "open"


def test_valid_rows_that_changed_close_the_gate_until_everything_downstream_is_made_again(answers: Any) -> None:
    # February too: rows of it came late, with the export of March that has changed
    stale = "features 2025-02, features 2025-03, features 2025-04, labels 2025-02, labels 2025-03"
    assert answers["changed"] == f"training 2025-04: out of date with their valid rows: {stale}"
    assert answers["made again"] == "open"


def test_a_backfill_learns_from_no_month_that_ended_later(answers: Any) -> None:
    """The lake has all four months when `training` of the third is made."""
    assert answers["learnt from"] == {
        "2025-03": {"train": ["2025-01"], "holdout": ["2025-02"]},
        "2025-04": {"train": ["2025-01", "2025-02"], "holdout": ["2025-03"]},
    }


def test_another_hold_out_month_changes_the_scores_and_neither_model_nor_threshold(answers: Any) -> None:
    usual, other = answers["trained"]
    assert (usual["model"], usual["threshold"]) == (other["model"], other["threshold"])
    assert usual["scores"]["roc_auc"] > 0.5 > other["scores"]["roc_auc"]
