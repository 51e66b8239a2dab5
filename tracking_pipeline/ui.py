"""MLflow's own pages on 127.0.0.1, over the store of `make demo-tracking`, until Ctrl-C."""

import argparse
import os
import signal
import sys
from pathlib import Path

from churn.command import OneSentenceParser
from churn.errors import BadInput, exit_on_bad_input
from churn.ports import free_port
from churn.terminal import console
from tracking_pipeline.serve import running
from tracking_pipeline.store import store_uri

PAGES = "/#/experiments?workflowType=machine_learning"  # without it, MLflow begins with its pages for language models
LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # with one worker: 470 MB instead of 1.2 GB


def server_command(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", "--workers=1", *options]


@exit_on_bad_input
def main() -> None:
    command: argparse.ArgumentParser = OneSentenceParser(prog="python -m tracking_pipeline.ui", description=__doc__)
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
    console.print(f"open http://127.0.0.1:{port}{PAGES}", soft_wrap=True)
    console.print(f"Ctrl-C ends it; its log: {folder / 'ui.log'}")
    with (folder / "ui.log").open("ab") as log:
        options = (f"--backend-store-uri={uri}", f"--artifacts-destination={folder / 'artifacts'}")
        with running(server_command(port, *options), {**os.environ, **LEAN}, log) as server:
            server.wait()


if __name__ == "__main__":
    main()
