"""MLflow's own pages on 127.0.0.1, over the store of `make demo-tracking`, until Ctrl-C."""

import argparse
import os
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from churn.harness.command import OneSentenceParser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.ports import free_port
from churn.harness.terminal import console
from tracking_pipeline.safety.store import store_uri
from tracking_pipeline.servers.scoring import running

MODEL_TRAINING = "workflowType=machine_learning"  # without it, MLflow begins with its pages for language models
PAGES = f"/#/experiments?{MODEL_TRAINING}"
LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # with one worker: 470 MB instead of 1.2 GB


def runs_page(database: Path) -> str:
    """The runs of the newest experiment: from the list of experiments, a click leads to pages for language models."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as store:
        for (experiment,) in store.execute("SELECT experiment_id FROM runs ORDER BY start_time DESC LIMIT 1"):
            return f"/#/experiments/{experiment}/runs?{MODEL_TRAINING}"
    return PAGES


def server_command(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", "--workers=1", *options]


@exit_on_bad_input
def main() -> None:
    command: argparse.ArgumentParser = OneSentenceParser(
        prog="python -m tracking_pipeline.servers.ui", description=__doc__
    )
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where to look (default: runs)")
    folder = command.parse_args().runs / "tracking"
    uri = store_uri(folder)
    if uri.startswith("http"):
        console.print(f"the team's server has pages of its own: {uri}{PAGES}", soft_wrap=True)
        return
    if not (folder / "mlflow.db").is_file():
        raise BadInput(f"there is no store in {folder}: make demo-tracking makes one")
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever ends this ends what it started
        signal.signal(number, signal.default_int_handler)  # with Polars' own, Ctrl-C would not end the wait
    port = free_port(5000)
    console.print(f"open http://127.0.0.1:{port}{runs_page(folder / 'mlflow.db')}", soft_wrap=True)
    console.print(f"Ctrl-C ends it; its log: {folder / 'ui.log'}")
    with (folder / "ui.log").open("ab") as log:
        options = (f"--backend-store-uri={uri}", f"--artifacts-destination={folder / 'artifacts'}")
        with (
            running(server_command(port, *options), {**os.environ, **LEAN}, log) as server,
            suppress(KeyboardInterrupt),
        ):
            server.wait()


if __name__ == "__main__":
    main()
