"""MLflow's own pages on 127.0.0.1, over the store of `make demo-tracking`, until Ctrl-C."""

import os
import sqlite3
import sys
from argparse import Namespace
from contextlib import closing, suppress
from pathlib import Path

from churn.harness.errors import BadInput
from churn.harness.processes import free_port, guarded
from churn.harness.same_origin import HOSTS
from churn.harness.signals import until_stopped
from churn.harness.terminal import console
from tracking_pipeline.safety.store import store_uri

MODEL_TRAINING = "workflowType=machine_learning"  # without it, MLflow begins with its pages for language models
PAGES = f"/#/experiments?{MODEL_TRAINING}"
LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # with one worker: 470 MB instead of 1.2 GB


def ui(arguments: Namespace) -> None:
    """Serve the pages until Ctrl-C. Raises BadInput if there is no store."""
    folder = arguments.runs / "tracking"
    uri = store_uri(folder)
    if uri.startswith("http"):
        console.print(f"the team's server has its own pages: {uri}{PAGES}", soft_wrap=True)
        return
    if not (folder / "mlflow.db").is_file():
        raise BadInput(f"there is no store in {folder}: make demo-tracking makes one")
    port, log = free_port(5000), folder / "ui.log"
    console.print(f"open http://127.0.0.1:{port}{runs_page(folder / 'mlflow.db')}", soft_wrap=True)
    console.print(f"Ctrl-C stops it; its log: {log}")
    options = (f"--backend-store-uri={uri}", f"--artifacts-destination={(folder / 'artifacts').resolve().as_uri()}")
    with (
        until_stopped(),
        guarded(server_command(port, *options), log, {**os.environ, **LEAN}) as server,
    ):
        server.wait()


def server_command(port: int, *options: str) -> list[str]:
    """Return the command of an MLflow server with one worker, which answers to the names of this machine alone.

    By default MLflow also answers to names such as 10.evil.example, which look like an address of a private network.
    """
    hosts = ",".join(f"{host}:{port}" for host in HOSTS)
    here = ("--host=127.0.0.1", f"--port={port}", f"--allowed-hosts={hosts}")
    return [sys.executable, "-m", "mlflow", "server", *here, "--workers=1", *options]


def runs_page(database: Path) -> str:
    """Return the page of the newest experiment's runs. In MLflow's list of experiments, a click leads elsewhere."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as store:
        for (experiment,) in store.execute("SELECT experiment_id FROM runs ORDER BY start_time DESC LIMIT 1"):
            return f"/#/experiments/{experiment}/runs?{MODEL_TRAINING}"
    return PAGES
