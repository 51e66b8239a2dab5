"""The gate, the history, and the way back."""

import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import polars as pl
import pytest

from churn.harness.errors import BadInput
from tests.tracking_pipeline.conftest import ROOT
from tests.tracking_pipeline.test_registry import registered
from tracking_pipeline.gate import calibration_error, reasons_against
from tracking_pipeline.promote import Decision, decide, force, history, live_versions, roll_back
from tracking_pipeline.record import run_tags
from tracking_pipeline.registry import champion
from tracking_pipeline.safety.store import open_store, registry_era, start_registry_anew

LIVE = {"roc_auc": 0.82, "calibration_error": 0.008, "campaign_value_eur": 5000.0}
KILLED_AT_THE_MOVE = """
import os, signal, sys, mlflow
from pathlib import Path
from mlflow import MlflowClient
from tracking_pipeline.promote import force
from tracking_pipeline.record import run_tags
from tracking_pipeline.safety.store import open_store, registry_era
folder, name, version, when = sys.argv[1:]
move = MlflowClient.set_registered_model_alias
def killed(*arguments):
    if when == "after":
        move(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
MlflowClient.set_registered_model_alias = killed
open_store(Path(folder), name)
force(MlflowClient().get_model_version(name, version), run_tags("2025-05", 7, registry_era(name)))
"""


def tags(name: str, month: str = "2025-05") -> dict[str, str]:
    return run_tags(month, 7, registry_era(name))


def live(name: str) -> str | None:
    version = champion(name)
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
    assert stacks == [[], ["1"], ["1"], ["1", "3"], ["1", "3", "2"], ["1", "3"], ["1"]]


def test_from_first_promotion_to_rollback(name: str, rows: pl.DataFrame) -> None:
    first, second = registered(name, rows)[0], registered(name, rows)[0]
    assert decide(first, rows, tags(name)).what == "promoted"
    assert decide(second, rows, tags(name)).reasons.startswith("campaign_value_eur"), "equal is not better"
    assert live(name) == "1"
    force(second, tags(name))
    assert live(name) == "2"
    assert roll_back(name, tags(name)).live == live(name) == "1"
    assert [one.what for one in history(name)] == ["promoted", "refused", "forced", "rolled back"]
    with pytest.raises(BadInput, match="has no version to go back to: version 1 was the first to be live"):
        roll_back(name, tags(name))
    assert live(name) == "1"


def test_a_backfill_does_not_replace_a_newer_champion(name: str, rows: pl.DataFrame) -> None:
    force(registered(name, rows)[0], tags(name))
    old = registered(name, rows, month="2025-04")[0]
    assert decide(old, rows, tags(name, "2025-04")).reasons == "@champion has learnt from newer months"
    assert live(name) == "1"


def test_a_registry_that_starts_anew_keeps_the_old_versions(name: str, rows: pl.DataFrame) -> None:
    force(registered(name, rows)[0], tags(name))
    start_registry_anew(name)
    assert live(name) is None
    assert history(name) == []
    (kept,) = mlflow.MlflowClient().search_registered_models(f"name LIKE '{name} until %'")
    assert list(kept.aliases) == ["champion"]


@pytest.mark.slow
@pytest.mark.parametrize(("when", "now_live"), [("before", "1"), ("after", "2")])
def test_killed_at_the_move_the_history_tells_what_is_live(
    when: str, now_live: str, store: Path, name: str, rows: pl.DataFrame
) -> None:
    for _ in range(3):
        registered(name, rows)
    force(mlflow.MlflowClient().get_model_version(name, "1"), tags(name))
    program = [sys.executable, "-c", KILLED_AT_THE_MOVE, str(store), name, "2", when]
    killed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    open_store(store, name)
    assert live(name) == live_versions(history(name))[-1] == now_live
    force(mlflow.MlflowClient().get_model_version(name, "3"), tags(name))
    assert roll_back(name, tags(name)).live == now_live
