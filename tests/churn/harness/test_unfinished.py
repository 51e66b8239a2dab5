"""A killed run leaves a note, a finished one leaves none, and `make resume` tells the two apart and continues."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from churn.harness.errors import BadInput
from churn.harness.unfinished import NAME, read_note, unfinished
from tests.demos import ROOT


def python(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def resume(runs: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return python("-m", "churn.harness.resume", f"--runs={runs}", *words)


def test_the_note_is_there_while_the_block_runs_and_gone_after_it(tmp_path: Path) -> None:
    with unfinished(tmp_path):
        note = read_note(tmp_path)
        assert note is not None
        assert note.is_running
        assert note.command == [sys.executable, *sys.orig_argv[1:]]
    assert read_note(tmp_path) is None


def test_the_note_stays_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(BadInput), unfinished(tmp_path):
        raise BadInput("for a reason")
    assert read_note(tmp_path) is not None


def test_a_damaged_note_is_a_sentence(tmp_path: Path) -> None:
    for content in ("{", '{"command": []}', "[]"):
        (tmp_path / NAME).write_text(content, encoding="utf-8")
        with pytest.raises(BadInput, match=r"is damaged .* delete it, and run that demo again"):
            read_note(tmp_path)


def test_a_process_of_the_same_number_is_a_different_one(tmp_path: Path) -> None:
    with unfinished(tmp_path):
        note = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
        (tmp_path / NAME).write_text(json.dumps({**note, "process_began": 1.0}), encoding="utf-8")
        assert not read_note(tmp_path).is_running  # type: ignore[union-attr]


def test_without_runs_it_says_so(tmp_path: Path) -> None:
    done = resume(tmp_path / "runs")
    assert done.returncode == 2
    assert "nothing was started yet, and make demo starts everything" in done.stderr


def test_a_run_at_work_is_not_started_twice(tmp_path: Path) -> None:
    with unfinished(tmp_path / "plain"):
        said = resume(tmp_path).stdout
    assert "plain          running" in said
    assert "nothing to continue" in said


@pytest.mark.thorough
@pytest.mark.slow
def test_a_killed_run_is_continued_to_the_same_answer(tmp_path: Path) -> None:
    plain = ["-m", "churn", "--customers=600", "--month=2025-05", f"--runs={tmp_path}"]
    assert python(*plain).returncode == 0
    predictions = tmp_path / "plain" / "predictions.parquet"
    right = predictions.read_bytes()
    assert "nothing to continue" in resume(tmp_path).stdout
    running = subprocess.Popen([sys.executable, *plain], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    while not (tmp_path / "plain" / NAME).exists() and running.poll() is None:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    predictions.unlink()
    looked = resume(tmp_path, "--look")
    assert "to continue: plain" in looked.stdout
    assert not predictions.exists()
    done = resume(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "continuing plain:" in done.stdout
    assert "back after" in done.stdout
    assert predictions.read_bytes() == right
    assert "nothing to continue" in resume(tmp_path).stdout


@pytest.mark.slow
def test_a_run_of_other_data_is_stale(tmp_path: Path) -> None:
    words = ["--customers=600", "--month=2025-03", f"--runs={tmp_path}"]
    assert python("-m", "churn", *words).returncode == 0
    shutil.copytree(tmp_path / "plain", tmp_path / "model")
    report = json.loads((tmp_path / "model" / "report.json").read_text(encoding="utf-8"))
    of_other_data = report | {"pipeline": "model", "data_fingerprint": "0" * len(report["data_fingerprint"])}
    (tmp_path / "model" / "report.json").write_text(json.dumps(of_other_data), encoding="utf-8")
    said = resume(tmp_path, "--look").stdout
    assert "make demo-model" in said
    assert "stale" in said
    assert "nothing to continue" in said
