"""The gate, the history of decisions, and the rollback."""

import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import polars as pl
import pytest

from churn.harness.errors import BadInput
from churn.lake import partition
from tests.tracking_pipeline.conftest import ROOT
from tests.tracking_pipeline.test_registry import registered
from tracking_pipeline import promote
from tracking_pipeline.gate import calibration_error, reasons_against
from tracking_pipeline.promote import decide, force, live_versions, note_move_by_hand, roll_back
from tracking_pipeline.record import find_runs, month_run
from tracking_pipeline.registry import CHAMPION, LoadedModel, aliased
from tracking_pipeline.safety.moves import NOTHING, Decision, history
from tracking_pipeline.safety.store import open_store, start_registry_again

LIVE = {"roc_auc": 0.82, "calibration_error": 0.008, "campaign_value_eur": 5000.0}
KILLED_AT_THE_MOVE = """
import os, signal, sys, mlflow
from pathlib import Path
from mlflow import MlflowClient
from tracking_pipeline.promote import force
from tracking_pipeline.record import month_run
from tracking_pipeline.safety.store import open_store
folder, name, version, when = sys.argv[1:]
move = MlflowClient.set_registered_model_alias
def killed(*arguments):
    if when == "after":
        move(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
MlflowClient.set_registered_model_alias = killed
open_store(Path(folder), name)
with month_run("2025-05", 7):
    force(MlflowClient().get_model_version(name, version))
"""


@pytest.fixture
def lake(tmp_path: Path, rows: pl.DataFrame) -> Path:
    """Return a lake whose hold-out month, for a model of 2025-05, is `rows`."""
    folder = partition(tmp_path, "training", "2025-05")
    folder.mkdir(parents=True)
    for name in ("train", "holdout"):
        rows.write_parquet(folder / f"{name}.parquet")
    return tmp_path


def live() -> str | None:
    version = aliased(CHAMPION)
    return None if version is None else str(version.version)


@pytest.mark.parametrize(
    ("challenger", "against"),
    [
        ({"campaign_value_eur": 5001.0}, []),
        ({"campaign_value_eur": 5001.0, "roc_auc": 0.816}, []),
        ({}, ["campaign_value_eur"]),
        ({"campaign_value_eur": 5500.0, "roc_auc": 0.81}, ["roc_auc"]),
        ({"campaign_value_eur": 5500.0, "calibration_error": 0.3}, ["calibration_error"]),
    ],
)
def test_the_gate(challenger: dict[str, float], against: list[str]) -> None:
    assert [reason.split()[0] for reason in reasons_against({**LIVE, **challenger}, LIVE)] == against


def test_calibration_error_is_how_far_probabilities_are_off() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0, 0.5, 100_000)
    churned = rng.random(100_000) < probability
    assert calibration_error(churned, probability) < 0.005
    assert calibration_error(churned, probability + 0.2) == pytest.approx(0.2, abs=0.005)


def test_what_is_live_follows_from_the_history() -> None:
    decisions = [
        Decision(what, "2025-05", version, live, "")
        for what, version, live in [
            ("promoted", "1", "1"),
            ("refused", "2", "1"),
            ("promoted", "3", "3"),
            ("forced", "2", "2"),
            ("rolled back", "2", "3"),
            ("rolled back", "3", "1"),
        ]
    ]
    stacks = [live_versions(decisions[:count]) for count in range(len(decisions) + 1)]
    assert all(stack.pop(0) == NOTHING for stack in stacks)
    assert stacks == [[], ["1"], ["1"], ["1", "3"], ["1", "3", "2"], ["1", "3"], ["1"]]


def decision(what: str, version: str, live: str) -> Decision:
    return Decision(what, "2025-05", version, live, "")


def test_a_rollback_may_pass_over_versions_that_are_gone() -> None:
    promoted = [decision("promoted", number, number) for number in "123"]
    assert live_versions([*promoted, decision("rolled back", "3", "1")]) == [NOTHING, "1"]
    assert live_versions([*promoted, decision("rolled back", "3", "1"), decision("rolled back", "1", NOTHING)]) == [
        NOTHING
    ]


def test_a_rollback_to_a_version_that_no_decision_is_left_of_is_believed() -> None:
    assert live_versions([decision("promoted", "3", "3"), decision("rolled back", "3", "1")]) == [NOTHING, "1"]


def test_a_move_by_hand_is_one_more_version_that_was_live() -> None:
    by_hand = [decision("promoted", "1", "1"), decision("moved by hand", "2", "2"), decision("moved by hand", "2", "2")]
    assert live_versions(by_hand) == [NOTHING, "1", "2"]
    assert live_versions([*by_hand, decision("rolled back", "2", "1")]) == [NOTHING, "1"]
    assert live_versions([*by_hand, decision("rolled back", "5", "1")]) == [NOTHING, "1"], "of another version"


@pytest.mark.slow
def test_the_history_says_what_happened_and_why(
    may: str, lake: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def evaluated(model: LoadedModel, holdout: pl.DataFrame) -> dict[str, float]:
        assert len(holdout) == len(rows)
        return evaluated_as(5000.0 if model.version == "1" else 6234.5)

    monkeypatch.setattr(promote, "evaluated", evaluated)
    versions = [registered(may, rows)[0] for _ in range(2)]
    for version in versions:
        decide(lake, "2025-05", version)
    force(versions[0])
    mlflow.MlflowClient().set_registered_model_alias(may, CHAMPION, "2")
    note_move_by_hand()
    roll_back()
    assert [(found.what, found.version, found.live) for found in history()] == [
        ("promoted", "1", "1"),
        ("promoted", "2", "2"),
        ("forced", "1", "1"),
        ("moved by hand", "2", "2"),
        ("rolled back", "2", "1"),
    ]
    reasons = [found.reasons for found in history()]
    assert reasons[:3] == ["nothing was live", "earns 1,234 € more than version 1", "a person insisted"]
    assert reasons[3] in " ".join(capsys.readouterr().out.split())
    assert reasons[4] == "back to version 1"
    runs = find_runs("tags.role = 'decision'")
    names = ["version 1 judged", "version 2 judged", "version 1 forced", "@champion moved by hand"]
    assert [run.info.run_name for run in runs] == [*names, "version 2 rolled back"]
    assert {run.data.tags["stage"] for run in runs} == {"deploy"}
    first, second, *others = runs
    assert first.data.metrics == {f"challenger_{metric}": value for metric, value in evaluated_as(5000.0).items()}
    assert second.data.metrics == {
        **{f"challenger_{metric}": value for metric, value in evaluated_as(6234.5).items()},
        **{f"champion_{metric}": value for metric, value in evaluated_as(5000.0).items()},
    }
    assert [run.data.metrics for run in others] == [{}, {}, {}]
    for run in (first, second):
        assert len(mlflow.artifacts.list_artifacts(run_id=run.info.run_id)) == 4, "plots"


def evaluated_as(value: float) -> dict[str, float]:
    return {**LIVE, "campaign_value_eur": value}


@pytest.mark.slow
def test_from_first_promotion_to_rollback(may: str, lake: Path, rows: pl.DataFrame) -> None:
    first, _ = registered(may, rows)
    assert decide(lake, "2025-05", first).what == "promoted"
    second, _ = registered(may, rows)
    assert decide(lake, "2025-05", second).reasons.startswith("campaign_value_eur"), "equal is not better"
    assert live() == "1"
    force(second)
    assert live() == "2"
    assert roll_back().live == live() == "1"
    assert [decision.what for decision in history()] == ["promoted", "refused", "forced", "rolled back"]
    with pytest.raises(BadInput, match=r"to go back to \(none was live before\): .* force --version N makes"):
        roll_back()
    assert live() == "1"


@pytest.mark.slow
def test_a_backfill_does_not_replace_a_newer_champion(may: str, lake: Path, rows: pl.DataFrame) -> None:
    force(registered(may, rows)[0])
    older, _ = registered(may, rows, month="2025-04")
    assert decide(lake, "2025-05", older).reasons == "@champion has learnt from newer months"
    assert live() == "1"


@pytest.mark.slow
def test_a_registry_that_starts_again_keeps_the_old_versions(may: str, rows: pl.DataFrame) -> None:
    force(registered(may, rows)[0])
    start_registry_again()
    assert live() is None
    assert history() == []
    (kept,) = mlflow.MlflowClient().search_registered_models(f"name LIKE '{may} until %'")
    assert "champion" in kept.aliases


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize(("when", "now_live"), [("before", "1"), ("after", "2")])
def test_killed_at_the_move_the_history_tells_what_is_live(
    when: str, now_live: str, store: Path, name: str, rows: pl.DataFrame
) -> None:
    for _ in range(3):
        registered(name, rows)
    with month_run("2025-05", 7):
        force(mlflow.MlflowClient().get_model_version(name, "1"))
    program = [sys.executable, "-c", KILLED_AT_THE_MOVE, str(store), name, "2", when]
    killed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    open_store(store, name)
    assert live() == live_versions(history())[-1] == now_live
    with month_run("2025-05", 7):
        force(mlflow.MlflowClient().get_model_version(name, "3"))
        assert roll_back().live == now_live
