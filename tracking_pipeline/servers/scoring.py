"""Serving: MLflow's own scoring server on 127.0.0.1, with the version that @champion names when the server starts.

MLflow's server would load whatever it finds in the artifact store, so it gets a checked copy.
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import polars as pl
from mlflow.pyfunc import scoring_server

from churn.harness.addresses import plain_path
from churn.harness.errors import BadInput
from churn.harness.processes import Guarded, free_port, guarded, wait_until
from tracking_pipeline.registry import CHAMPION, aliased, as_table, model_name
from tracking_pipeline.safety.checked import checked

SECONDS_TO_START = 120
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for a few rows, more only wait for each other


@contextmanager
def champion_server(log: Path) -> Iterator[str]:
    """Start a server, yield the address for `ask`, and stop the server at the end.

    Its copy of the model is next to the log: if this process is killed, `make clean` finds it there. Raises BadInput if
    nothing is live, if the model's files are not what was registered, or if the server does not start.
    """
    name = model_name()
    if aliased(CHAMPION) is None:
        raise BadInput(f"{name} has no @{CHAMPION}, so nothing is live: run make rollback, or make demo-tracking first")
    with plain_path(log.parent) as place, TemporaryDirectory(dir=place, prefix="served-") as folder:
        copy = checked(f"models:/{name}@{CHAMPION}", folder)
        port = free_port()
        # The command behind `mlflow models serve --env-manager local`, which finds uvicorn on PATH only.
        serve, environment = scoring_server.get_cmd(copy, port, host="127.0.0.1", nworkers=1)  # type: ignore[arg-type]  # it says int
        *uvicorn, _ = shlex.split(serve)  # the last word is MLflow's application, which answers to any page
        command = [sys.executable, "-m", *uvicorn, "tracking_pipeline.servers.scoring_app:app"]
        with guarded(command, log, {**environment, **ONE_THREAD}) as server:
            wait_until_healthy(f"http://127.0.0.1:{port}/ping", server, "the scoring server", log, SECONDS_TO_START)
            yield f"http://127.0.0.1:{port}/invocations"


def wait_until_healthy(url: str, server: Guarded, what: str, log: Path, seconds: float) -> None:
    """Wait for a health check to answer. Raises BadInput, naming the log, if the server ends or takes too long."""
    with httpx.Client(timeout=5, trust_env=False) as client:  # no proxy: the server is on this machine

        def is_healthy() -> bool:
            with suppress(httpx.TransportError):
                return client.get(url).is_success
            return False

        no_answer = f"no answer from {what} (log: {log})"
        wait_until(is_healthy, seconds, no_answer, alive=lambda: raise_if_ended(server, what, log))


def raise_if_ended(server: Guarded, what: str, log: Path) -> None:
    """Raise BadInput, naming the log, if a server that was started has ended."""
    if server.poll() is not None:
        raise BadInput(f"{what} did not start: the reason is at the end of {log}")


def ask(address: str, rows: pl.DataFrame) -> list[float]:
    """Return the churn probabilities, in the order of `rows`."""
    answer = httpx.post(address, json=request_body(rows), timeout=30, trust_env=False).raise_for_status()
    return [probability_to_leave for _, probability_to_leave in answer.json()["predictions"]]


def request_body(rows: pl.DataFrame) -> dict[str, object]:
    """Return the JSON that MLflow's scoring server takes for these customers."""
    table = as_table(rows)
    return {"dataframe_split": {"columns": list(table.columns), "data": table.to_numpy().tolist()}}
