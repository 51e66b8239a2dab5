"""The DAGs as Airflow loads them, without a scheduler."""

import json
from typing import Any

import pytest

from data_pipeline.local_airflow.settings import PYTHONPATH
from tests.data_pipeline.conftest import run
from tests.same_answer import stage_table

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = str(tmp_path_factory.mktemp("home"))
    done = run("data", "-W", "always", "-m", "tests.data_pipeline.wiring", AIRFLOW_HOME=home, PYTHONPATH=PYTHONPATH)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tasks(loaded: Any) -> Any:
    return {name: task for dag in loaded["dags"].values() for name, task in dag["tasks"].items()}


def test_the_dags_load_without_an_error_or_a_warning(loaded: Any) -> None:
    assert loaded["errors"] == {}
    assert loaded["warnings"] == {}
    assert set(loaded["dags"]) == {"exports", "features", "predictions"}


def test_loading_them_imports_nothing_that_only_a_task_needs(loaded: Any) -> None:
    assert loaded["heavy"] == []


def test_loading_them_reads_and_starts_nothing(loaded: Any) -> None:
    assert loaded["touched"] == []


def test_tasks_are_the_six_stages(tasks: Any) -> None:
    assert set(tasks) == set(stage_table())


def test_each_task_reads_and_writes_what_the_stages_page_says(tasks: Any) -> None:
    found = {name: (set(task["inlets"]), set(task["outlets"])) for name, task in tasks.items()}
    said = {stage: (inputs - {"source"}, outputs) for stage, (inputs, outputs) in stage_table().items()}
    assert found == said


def test_each_task_comes_after_what_makes_its_inputs(loaded: Any) -> None:
    """By an edge within a DAG; between DAGs by the asset."""
    for dag in loaded["dags"].values():
        made_here = {asset: name for name, task in dag["tasks"].items() for asset in task["outlets"]}
        for name, task in dag["tasks"].items():
            assert {made_here[asset] for asset in task["inlets"] if asset in made_here} == set(task["after"]), name
    assert {name: dag["starts_on"] for name, dag in loaded["dags"].items()} == {
        "exports": None,
        "features": "valid",
        "predictions": None,
    }


def test_only_collection_is_retried(tasks: Any) -> None:
    assert {name for name, task in tasks.items() if task["retries"]} == {"collect"}


def test_every_task_has_an_owner_a_timeout_and_tells_when_it_fails(tasks: Any) -> None:
    assert all(task["owner"] == "data-team" and task["timeout_s"] and task["tells"] for task in tasks.values())


def test_the_house_rules_reach_every_dag(loaded: Any) -> None:
    for dag in loaded["dags"].values():
        assert dag["doc"].startswith("### ")
        assert "churn" in dag["tags"]
        assert dag["deadline"]
        assert dag["tells"]


def test_runs_that_events_start_go_one_after_another(loaded: Any) -> None:
    assert {name for name, dag in loaded["dags"].items() if dag["max_active_runs"] == 1} == {"features"}
