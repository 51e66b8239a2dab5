"""Runs whose process was killed: MLflow shows them as RUNNING forever, so the next start marks them KILLED."""

import os
import socket

import psutil
from mlflow import MlflowClient
from mlflow.entities import Run

MOST_RUNS = 10_000


def process_tags() -> dict[str, str]:
    """Return the tags by which `mark_killed_runs` recognises that this process is alive."""
    return {
        "host": socket.gethostname(),
        "process": f"{os.getpid()} since {psutil.Process().create_time():.0f}",
    }


def mark_killed_runs(experiment_id: str) -> list[Run]:
    """End the runs of this machine whose process is gone, and return them. What they had recorded stays."""
    client = MlflowClient()
    query = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
    killed = [run for run in client.search_runs([experiment_id], query, max_results=MOST_RUNS) if not _is_alive(run)]
    for run in killed:
        client.set_terminated(run.info.run_id, "KILLED")
    return killed


def _is_alive(run: Run) -> bool:
    pid, since = run.data.tags["process"].split(" since ")
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(since)) < 2  # process numbers are used again
    except psutil.Error:
        return False
