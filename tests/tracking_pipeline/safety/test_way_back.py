"""Whatever a person does in MLflow's pages, there is a way back, or a command that helps."""

import re
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import mlflow
import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.tracking._tracking_service.utils import _get_store

from churn.build import baseline
from churn.harness.errors import BadInput
from churn.lake import partition
from churn.storage.model_file import save_model
from churn.train import fitted
from tests.churn.storage.test_model_file import dump_as_scikit_learn
from tests.tracking_pipeline.test_promotion import live
from tests.tracking_pipeline.test_registry import logged, register, registered
from tracking_pipeline.deploy import deploy
from tracking_pipeline.promote import decide, force, live_versions, roll_back
from tracking_pipeline.record import find_runs, month_run
from tracking_pipeline.registry import CHALLENGER, CHAMPION, load_champion, load_version, registered_versions
from tracking_pipeline.safety.moves import NOTHING, Decision, history
from tracking_pipeline.safety.store import open_store, start_registry_again
from tracking_pipeline.story.lineage import live_in

pytestmark = pytest.mark.slow  # each registers models with MLflow
MAY = "2025-05"


@pytest.fixture
def model(may: str, rows: pl.DataFrame) -> str:
    """Return the URI of a logged model; each version of the tests is this one."""
    return logged(rows)[0]


@pytest.fixture
def lake(tmp_path: Path, rows: pl.DataFrame) -> Path:
    """Return a lake in which all is there for deploy to judge a challenger of 2025-05."""
    customers = rows.with_row_index("customer_id")
    for table, names in {"training": ["train", "holdout"], "features": ["features"], "model": []}.items():
        folder = partition(tmp_path, table, MAY)
        folder.mkdir(parents=True)
        for file in names:
            customers.write_parquet(folder / f"{file}.parquet")
    save_model(fitted(baseline(), rows), partition(tmp_path, "model", MAY) / "model.skops")
    return tmp_path


def forced(name: str, model: str, count: int) -> None:
    """Register and force live `count` versions, one after the other."""
    for _ in range(count):
        force(register(name, model))


def move_by_hand(name: str, version: str) -> None:
    MlflowClient().set_registered_model_alias(name, CHAMPION, version)


@pytest.mark.parametrize(("lived", "by_hand"), [(1, "2"), (2, "3"), (2, "1"), (3, "2")], ids=str)
def test_rollback_undoes_a_move_by_hand(
    name: str, model: str, lived: int, by_hand: str, capsys: pytest.CaptureFixture[str]
) -> None:
    forced(name, model, lived)
    register(name, model)
    move_by_hand(name, by_hand)
    assert roll_back().live == live() == str(lived)
    said = f"@champion was moved by hand: it names version {by_hand}, where the history has version {lived}"
    assert said in capsys.readouterr().out
    assert history()[-2] == Decision("moved by hand", MAY, by_hand, by_hand, said)
    if lived > 1:
        assert roll_back().live == live() == str(lived - 1)


def test_rollback_brings_back_an_alias_that_was_deleted(name: str, model: str) -> None:
    forced(name, model, 1)
    MlflowClient().delete_registered_model_alias(name, CHAMPION)
    with pytest.raises(BadInput, match="has no @champion, so nothing is live: run make rollback"):
        load_champion()
    assert roll_back().live == live() == "1"
    assert history()[-2].reasons == "@champion was moved by hand: it names nothing, where the history has version 1"


def test_the_gate_compares_with_what_is_live_and_notes_who_put_it_there(name: str, model: str, lake: Path) -> None:
    forced(name, model, 1)
    register(name, model)
    move_by_hand(name, "2")
    assert decide(lake, MAY, register(name, model)).live == "2"
    assert [decision.what for decision in history()] == ["forced", "moved by hand", "refused"]
    assert live_versions(history()) == [NOTHING, "1", "2"]


def test_rollback_passes_over_versions_that_were_deleted(name: str, model: str) -> None:
    forced(name, model, 4)
    MlflowClient().delete_model_version(name, "3")
    back = roll_back()
    assert back.live == live() == "2"
    assert back.reasons == "version 3 was deleted: back to version 2"
    assert roll_back().live == live() == "1"


def test_rollback_replaces_a_live_version_that_was_deleted(name: str, model: str) -> None:
    forced(name, model, 3)
    for number in ("2", "3"):
        MlflowClient().delete_model_version(name, number)
    assert roll_back().live == live() == "1"
    gone, back = history()[-2:]
    assert gone.reasons == "version 3 was live and was deleted in MLflow: nothing is live"
    assert back.reasons == "version 3 was deleted; version 2 was deleted: back to version 1"


def test_rollback_passes_over_versions_whose_files_are_gone(name: str, model: str, rows: pl.DataFrame) -> None:
    forced(name, model, 1)
    other, folder = logged(rows)
    forced(name, other, 1)
    forced(name, model, 1)
    shutil.rmtree(folder)
    back = roll_back()
    assert back.live == live() == "1"
    assert re.match(r"test-\w+ version 2 is not opened: its files .*: back to version 1", back.reasons)


def test_without_a_way_back_a_command_is_named(name: str, model: str) -> None:
    forced(name, model, 2)
    register(name, model)
    MlflowClient().delete_model_version(name, "1")
    with pytest.raises(BadInput, match=r"\(version 1 was deleted\): .* force --version N makes one of 2, 3 live"):
        roll_back()
    assert live() == "2"
    for number in ("2", "3"):
        MlflowClient().delete_model_version(name, number)
    with pytest.raises(BadInput, match=r"version 2 was deleted; version 1 was deleted.*make demo-tracking trains one"):
        roll_back()


@pytest.mark.parametrize("seconds", [0, -86_400], ids=["the same millisecond", "each a day earlier"])
def test_the_history_is_ordered_by_its_own_count(
    name: str, model: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.time()]

    def set_back() -> float:
        clock[0] += seconds / 1000
        return clock[0]

    monkeypatch.setattr(time, "time", set_back)
    forced(name, model, 3)
    assert roll_back().live == "2"
    monkeypatch.undo()
    forced(name, model, 1)
    assert [decision.live for decision in history()] == ["1", "2", "3", "2", "4"]
    assert [roll_back().live, roll_back().live] == ["2", "1"]


@pytest.mark.parametrize("for_good", [False, True], ids=["in the pages", "by mlflow gc"])
def test_deleted_runs_do_not_break_the_history(name: str, model: str, for_good: bool) -> None:
    forced(name, model, 3)
    roll_back()
    for run in find_runs("tags.decision != ''")[1:]:
        MlflowClient().delete_run(run.info.run_id)
        if for_good:
            _get_store()._hard_delete_run(run.info.run_id)  # type: ignore[no-untyped-call]  # no public function does
    assert roll_back().live == live() == "1"


@pytest.mark.parametrize("described", [False, True], ids=["from nowhere", "from one of our runs"])
def test_a_version_that_was_registered_by_hand(
    name: str, model: str, lake: Path, rows: pl.DataFrame, described: bool
) -> None:
    forced(name, model, 1)
    with mlflow.start_run(nested=True) as run:
        mlflow.log_params({"C": 1.0})
    version = MlflowClient().create_model_version(name, model, run.info.run_id if described else None)
    with pytest.raises(BadInput, match="version 2 is not opened: it was not registered by this"):
        force(version)
    assert live() == "1"
    assert [decision.what for decision in history()] == ["forced"]
    move_by_hand(name, "2")
    with pytest.raises(BadInput, match=r"version 2 is not opened: .*; make rollback puts the version"):
        decide(lake, MAY, register(name, model))
    with pytest.raises(BadInput, match=r"version 2 of .* was registered by hand: there is no record"):
        live_in(MAY)
    assert roll_back().live == live() == "1"


def test_each_trainers_own_challenger_is_judged(name: str, model: str, lake: Path) -> None:
    """Someone else may train in the same store between our train and our deploy."""
    ours, theirs = register(name, model), register(name, model)
    folder = partition(lake, "challenger", MAY)
    folder.mkdir(parents=True)
    (folder / "version.txt").write_text(str(ours.version), encoding="utf-8")
    assert MlflowClient().get_model_version_by_alias(name, CHALLENGER).version == theirs.version
    deploy(lake, MAY)
    assert live() == history()[-1].version == str(ours.version)
    MlflowClient().delete_model_version(name, str(ours.version))
    with pytest.raises(BadInput, match="has no version 1, or it was deleted: it has 2"):
        deploy(lake, MAY)


@pytest.mark.parametrize("act", [MlflowClient.delete_registered_model, None], ids=["deleted", "renamed"])
def test_another_registered_model_of_the_same_name_has_its_own_history(
    store: Path, name: str, rows: pl.DataFrame, act: Callable[[MlflowClient, str], None] | None
) -> None:
    model, _ = logged(rows)
    with month_run(MAY, 7):
        forced(name, model, 2)
    if act:
        act(MlflowClient(), name)
    else:
        MlflowClient().rename_registered_model(name, f"{name} renamed")
    open_store(store, name)
    assert history() == []
    with month_run(MAY, 7):
        forced(name, model, 1)
        with pytest.raises(BadInput, match="none was live before"):
            roll_back()
    assert live() == "1"


def test_a_registry_whose_versions_were_all_deleted_starts_again(name: str, rows: pl.DataFrame) -> None:
    model, _ = logged(rows)
    with month_run(MAY, 7):
        forced(name, model, 1)
    MlflowClient().delete_model_version(name, "1")
    start_registry_again()
    assert history() == []
    assert registered_versions() == {}
    with month_run(MAY, 7):
        forced(name, model, 1)
    assert live() == "1"


def test_a_deleted_experiment_comes_back_with_the_command_that_is_named(
    store: Path, name: str, rows: pl.DataFrame
) -> None:
    model, _ = logged(rows)
    with month_run(MAY, 7):
        forced(name, model, 2)
    MlflowClient().delete_experiment(open_store(store, name).experiment_id)
    with pytest.raises(BadInput, match=f"the experiment {name} was deleted in MLflow; this restores it, with") as said:
        open_store(store, name)
    subprocess.run(str(said.value).partition(": MLFLOW")[2].join(["MLFLOW", ""]), shell=True, check=True, timeout=300)
    open_store(store, name)
    with month_run(MAY, 7):
        assert roll_back().live == live() == "1"


def test_a_model_of_a_different_scikit_learn_gets_one_sentence(name: str, rows: pl.DataFrame) -> None:
    model, folder = logged(rows)
    dump_as_scikit_learn("1.2.0", fitted(baseline(), rows), folder / "model.skops")
    version = register(name, model)
    with warnings.catch_warnings(), pytest.raises(BadInput, match=r"version 1 was made with scikit-learn 1\.2\.0, but"):
        warnings.simplefilter("error")
        load_version(version)
    registered(name, rows)
    move_by_hand(name, "1")
    with pytest.raises(BadInput, match=r"is running: make rollback puts the version before it live, or install"):
        load_champion()
