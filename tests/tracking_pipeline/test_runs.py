"""Four processes that write at once, and one that is killed."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from tests.tracking_pipeline.conftest import ROOT
from tracking_pipeline.safety import code
from tracking_pipeline.safety.store import open_store

PROCESSES, RUNS_EACH = 4, 25
WRITER = """
import sys, mlflow
from pathlib import Path
from tracking_pipeline.record import child_run
from tracking_pipeline.safety.store import open_store
folder, name, writer, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
open_store(folder, name)
for number in range(runs):
    with child_run(f"{writer}/{number}"):
        mlflow.log_params({"writer": writer, "number": number})
        mlflow.log_metrics({"sum": writer * 1000 + number})
"""
SLEEPER = """
import sys, time, mlflow
from pathlib import Path
from tracking_pipeline.record import child_run, month_run, stage_run
from tracking_pipeline.safety.store import open_store
open_store(Path(sys.argv[1]), sys.argv[2])
with month_run("2025-05", 7), stage_run("train"), child_run("a candidate"):
    mlflow.log_param("C", 0.3)
    print("ready", flush=True)
    time.sleep(600)
"""


def start(program: str, *words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("file", ["tracking_pipeline/train.py", "tracking_pipeline/safety/checked.py", "churn/lake.py"])
def test_a_change_in_any_room_changes_the_digest_of_the_code(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("churn", "tracking_pipeline"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    here = code.code_sha256()
    monkeypatch.setattr(code, "HERE", tmp_path)
    assert code.code_sha256() == here
    with (tmp_path / file).open("a") as changed:
        changed.write("\n")
    assert code.code_sha256() != here


@pytest.mark.thorough
@pytest.mark.slow
def test_processes_that_write_at_once_lose_and_mix_nothing(store: Path, name: str) -> None:
    writers = [start(WRITER, store, name, writer, RUNS_EACH) for writer in range(PROCESSES)]
    for writer in writers:
        _, errors = writer.communicate(timeout=300)
        assert writer.returncode == 0, errors
    runs = mlflow.search_runs(experiment_names=[name], max_results=1000, output_format="list")
    found = {(run.data.params["writer"], run.data.params["number"]) for run in runs}
    assert len(runs) == len(found) == PROCESSES * RUNS_EACH
    for run in runs:
        by, number = int(run.data.params["writer"]), int(run.data.params["number"])
        assert run.info.run_name == f"{by}/{number}"
        assert run.data.metrics == {"sum": by * 1000 + number}
        assert run.info.status == "FINISHED"


@pytest.mark.slow
def test_a_killed_run_is_marked_on_the_next_start_and_keeps_what_it_had(store: Path, name: str) -> None:
    sleeper = start(SLEEPER, store, name)
    giving_up = threading.Timer(200, sleeper.kill)
    giving_up.start()
    try:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline() == "ready\n", sleeper.communicate()[1]
        experiment = open_store(store, name)
        running = MlflowClient().search_runs([experiment.experiment_id])
        assert [run.info.status for run in running] == ["RUNNING"] * 3, "one that is alive is left alone"
    finally:
        giving_up.cancel()
        sleeper.send_signal(signal.SIGKILL)
        sleeper.communicate()
    open_store(store, name)
    runs = {run.info.run_name: run for run in MlflowClient().search_runs([experiment.experiment_id])}
    assert {run.info.status for run in runs.values()} == {"KILLED"}
    parent, stage, candidate = runs["2025-05: six stages"], runs["train"], runs["a candidate"]
    assert candidate.data.params == {"C": "0.3"}
    assert candidate.data.tags["mlflow.parentRunId"] == stage.info.run_id
    assert stage.data.tags["mlflow.parentRunId"] == parent.info.run_id
