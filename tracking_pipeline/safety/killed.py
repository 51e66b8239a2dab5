"""Runs whose process was killed: MLflow shows them as RUNNING forever, so the next start marks them KILLED."""

import socket

from mlflow import MlflowClient
from mlflow.entities import Run

from churn.harness.alive import is_alive, this_process

MOST_RUNS = 10_000


def process_tags() -> dict[str, str]:
    """Return the tags by which `mark_killed_runs` recognises that this process is alive."""
    return {
        "host": socket.gethostname(),
        "process": this_process(),
    }


def mark_killed_runs(experiment_id: str) -> list[Run]:
    """End the runs of this machine whose process is gone, and return them. What they had recorded stays."""
    client = MlflowClient()
    query = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
    killed = [
        run
        for run in client.search_runs([experiment_id], query, max_results=MOST_RUNS)
        if not is_alive(run.data.tags["process"])
    ]
    for run in killed:
        client.set_terminated(run.info.run_id, "KILLED")
    return killed
