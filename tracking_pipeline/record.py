"""Runs: what each is tagged with, and what becomes of those whose process was killed."""

import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import psutil
from mlflow import ActiveRun, MlflowClient
from mlflow.entities import Run

HERE = Path(__file__).resolve().parents[1]
MOST_RUNS = 10_000


def run_tags(month: str, seed: int | None, era: str) -> dict[str, str]:
    """What every run carries. The data fingerprint joins them as soon as the data is collected."""
    return {
        "month": month,
        "seed": "none" if seed is None else str(seed),
        "era": era,
        "git_sha": git_sha(),
        "code_sha256": code_sha256(),
        **_this_process(),
    }


@contextmanager
def month_run(tags: dict[str, str], name: str = "six stages") -> Iterator[ActiveRun]:
    """The parent of what happens in a month; MLflow samples the machine's load meanwhile."""
    title, tags = f"{tags['month']}: {name}", {**tags, "stage": "all"}
    with mlflow.start_run(run_name=title, tags=tags, log_system_metrics=True) as run, _said():
        yield run


@contextmanager
def child_run(stage: str, tags: dict[str, str], name: str | None = None, **more: str) -> Iterator[ActiveRun]:
    """A run under the active one."""
    with mlflow.start_run(run_name=name or stage, nested=True, tags={**tags, "stage": stage, **more}) as run, _said():
        yield run


def mark_killed_runs(experiment_id: str) -> list[Run]:
    """End the runs of this machine whose process is gone; what they had recorded stays. Returns them."""
    client = MlflowClient()
    query = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
    killed = [run for run in client.search_runs([experiment_id], query, max_results=MOST_RUNS) if not _is_alive(run)]
    for run in killed:
        client.set_terminated(run.info.run_id, "KILLED")
    return killed


def git_sha() -> str:
    """The commit, with a + if files differ from it; "none" in a folder that git does not know."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "none"


def code_sha256() -> str:
    """SHA-256 over the code that makes the answer: what the commit alone does not say when files were changed."""
    digest = hashlib.sha256()
    for file in sorted([*(HERE / "churn").rglob("*.py"), *(HERE / "tracking_pipeline").rglob("*.py")]):
        digest.update(f"{file.relative_to(HERE).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _this_process() -> dict[str, str]:
    return {
        "host": socket.gethostname(),
        "process": f"{os.getpid()} since {psutil.Process().create_time():.0f}",
    }


def _is_alive(run: Run) -> bool:
    pid, since = run.data.tags["process"].split(" since ")
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(since)) < 2  # a number is given out again, in time
    except psutil.Error:
        return False


@contextmanager
def _said() -> Iterator[None]:
    """An error's words go into the record: MLflow itself notes only that the run has failed."""
    try:
        yield
    except Exception as error:
        mlflow.set_tag("error", f"{type(error).__name__}: {error}")
        raise
