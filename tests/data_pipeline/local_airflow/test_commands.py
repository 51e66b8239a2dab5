"""Commands that cannot be carried out answer with one sentence."""

import shutil
from pathlib import Path

import pytest

from churn.storage.months import add_months, month_range
from data_pipeline.local_airflow.client import only_the_predictions_failed
from tests.data_pipeline.conftest import run
from tests.demos import MONTH, ROOT

BEFORE = add_months(MONTH, -1)


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


@pytest.mark.slow
def test_nothing_to_look_at_is_a_sentence(tmp_path: Path) -> None:
    for environment, words, target in (
        ("data", ("data_pipeline", "ui"), "demo-data"),
        ("dagster", ("data_pipeline.in_dagster.demo", "--ui"), "demo-dagster"),
    ):
        refused = run(environment, "-m", *words, "--runs", str(tmp_path))
        assert refused.returncode == 2
        assert f"make {target} comes first" in refused.stderr


@pytest.mark.slow
def test_a_month_outside_the_world_is_a_sentence(tmp_path: Path) -> None:
    refused = run("data", "-m", "data_pipeline", "--month", "2031-01", "--runs", str(tmp_path))
    assert refused.returncode == 2
    assert "choose a month from 2025-03 to 2025-12" in refused.stderr


@pytest.mark.slow
def test_a_colon_in_the_path_of_the_project_is_a_sentence(tmp_path: Path) -> None:
    """PYTHONPATH would have other folders, and Airflow would start without the house rules."""
    project = tmp_path / "2026-11-27T14:40"
    for part in ("churn", "data_pipeline"):
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    world = ("--customers=600", "--month=2025-03", f"--runs={tmp_path}")
    refused = run("data", "-m", "data_pipeline", *world, cwd=project)
    assert refused.returncode == 2
    assert f"error: Airflow cannot work in {project}, because of the ':' in its path: move" in refused.stderr


@pytest.mark.slow
def test_home_of_another_version_is_kept_and_named(tmp_path: Path) -> None:
    home = tmp_path / "data" / "airflow"
    home.mkdir(parents=True)
    (home / "version").write_text("2.9.3", encoding="utf-8")
    refused = run("data", "-m", "data_pipeline", "--runs", str(tmp_path))
    assert refused.returncode == 2
    assert "was made by Airflow 2.9.3" in refused.stderr
    assert (home / "version").read_text(encoding="utf-8") == "2.9.3"


def test_a_new_demo_keeps_the_previous_answer_until_it_has_its_own(tmp_path: Path) -> None:
    for left in ("airflow/x", "lake/x", "source/x", "incidents.log", "report.json", "predictions.parquet"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).touch()
    forget = "import sys; from pathlib import Path; from data_pipeline.local_airflow.start import Airflow"
    done = run("data", "-c", f"{forget}; Airflow(Path(sys.argv[1]), ['2025-01']).forget()", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["predictions.parquet", "report.json"]


@pytest.mark.slow
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


def test_a_path_in_which_airflow_would_replace_a_variable_is_refused(tmp_path: Path) -> None:
    start = "from pathlib import Path; from data_pipeline.local_airflow.start import Airflow; import sys\n"
    start += "with Airflow(Path(sys.argv[1]), ['2025-01']).running(): pass"
    refused = run("data", "-c", start, str(tmp_path / "a $HOME" / "data"))
    assert "Airflow cannot work in" in refused.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
