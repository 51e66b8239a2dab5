"""Serving: MLflow's own scoring server, on 127.0.0.1, with the version that @champion names when it starts.

It would load whatever it finds in the artifact store; so it is given a copy that was checked.
"""

import json
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import polars as pl
from mlflow.pyfunc import scoring_server

from churn.harness.errors import BadInput
from churn.harness.ports import free_port
from tracking_pipeline.registry import CHAMPION, as_table, champion, open_copy, verified_copy

SECONDS_TO_START = 120
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for a few rows, more only wait for each other


@contextmanager
def champion_server(registered: str, log: Path) -> Iterator[str]:
    """Start a server; give the address to `ask`; stop it at the end.

    Its copy of the model lies beside the log: if this process is killed, `make clean` finds it there.
    """
    live = champion(registered)
    if live is None:
        raise BadInput(f"{registered} has no @{CHAMPION}: there is nothing to serve")
    with TemporaryDirectory(dir=log.parent, prefix="served-") as folder, log.open("ab") as said:
        copy = verified_copy(live, Path(folder))
        open_copy(copy, str(live.version))
        port = free_port()
        # what `mlflow models serve --env-manager local` runs, which finds uvicorn on PATH only
        command, environment = scoring_server.get_cmd(str(copy), port, host="127.0.0.1", nworkers=1)  # type: ignore[arg-type]  # it says int
        served = [sys.executable, "-m", *shlex.split(command)]
        with running(served, {**environment, **ONE_THREAD}, said) as server:
            _wait_for(f"http://127.0.0.1:{port}/ping", server, log)
            yield f"http://127.0.0.1:{port}/invocations"


@contextmanager
def running(
    command: list[str], environment: dict[str, str], said: IO[bytes], user: str | None = None, ending: str = "SIGTERM"
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process; it and all that it started are ended with the block, or with this process if it is killed."""
    guarded = [sys.executable, "-S", str(Path(__file__).with_name("guard.py")), ending, user or "", *command]
    process = subprocess.Popen(
        guarded, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


def ask(address: str, rows: pl.DataFrame) -> list[float]:
    """Churn probabilities, in the order of `rows`."""
    request = urllib.request.Request(address, request_body(rows), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return [stays_and_leaves[1] for stays_and_leaves in json.load(answer)["predictions"]]


def request_body(rows: pl.DataFrame) -> bytes:
    table = as_table(rows)
    return json.dumps({"dataframe_split": {"columns": list(table.columns), "data": table.to_numpy().tolist()}}).encode()


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.05)
    raise BadInput(f"the scoring server did not start: its last words are in {log}")
