"""The store of runs: a file on a laptop, or the team's server if MLFLOW_TRACKING_URI names one. Same code, one URI.

Importing this chooses nothing: the commands call `open_store`.
"""

import logging
import os
import shlex
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from tempfile import gettempdir

import httpx
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from churn.harness.addresses import ask_without_proxy, sqlite_url
from churn.harness.command import OperatorData
from churn.harness.errors import NO_SPACE, BadInput
from churn.harness.terminal import console
from tracking_pipeline.registry import model_name
from tracking_pipeline.safety.killed import mark_killed_runs

SECONDS_TO_ANSWER = 5
ABOUT_RUNS = (
    "Which customers leave next month? There is a run per month, and a run per stage under it. Under `train` there is "
    "a run per candidate, and under `deploy` the decision, with its plots. "
    "To see what was tried, search `tags.role = 'trial'` and sort by `log_loss`."
)
ABOUT_VERSIONS = (
    "Decides which customers are called. `@champion` is live. It moves only to a challenger that wins on the hold-out "
    "month. The experiment of the same name has the reason for each move: search `tags.decision != ''`."
)
QUIET = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of 7, which take minutes when a server has gone
    "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "1",
}

# MLflow's variables that say where and as whom to record. Others in the shell are of a different project.
SETTINGS_OF_THE_USER = (
    "MLFLOW_TRACKING_",
    "MLFLOW_ARTIFACTS_DESTINATION",
    "MLFLOW_S3_",
    "MLFLOW_HTTP_",
    "MLFLOW_DISABLE_TELEMETRY",
)


def forget_other_projects() -> None:
    """Remove MLflow's variables of a different project, such as its run, its registry and its experiment."""
    for name in list(os.environ):
        if name.startswith("MLFLOW_") and not name.startswith(SETTINGS_OF_THE_USER):
            del os.environ[name]


def store_name(data: OperatorData) -> str:
    """Return the name of the experiment and of the registered model. Each simulated world has its own."""
    return "churn" if data.seed is None else f"churn-{data.source.parent.name}"


def store_uri(folder: Path) -> str:
    """Return the tracking URI: the team's server, or the file in `folder`."""
    if team := os.environ.get("MLFLOW_TRACKING_URI"):
        return team
    database = (folder / "mlflow.db").resolve()
    url = sqlite_url(database)
    # From a sqlite:/// MLflow makes the folders of the path, but without decoding it.
    return url if url.endswith(str(database)) else url.replace("sqlite:", "sqlite+pysqlite:", 1)


def open_store(folder: Path, name: str) -> Experiment:
    """Make MLflow record in the experiment `name`, and create it if it does not exist.

    Runs that a killed process left open are ended. Raises BadInput if a server does not answer, and if the experiment
    was deleted: its name stays taken, and MLflow's pages do not list it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for setting, value in QUIET.items():
        os.environ.setdefault(setting, value)
    ask_without_proxy()
    _log_to(folder / "mlflow.log")
    uri = store_uri(folder)
    if uri.startswith("http"):
        _raise_if_silent(uri)
    mlflow.set_tracking_uri(uri)
    experiment = mlflow.get_experiment_by_name(name)
    if experiment is not None and experiment.lifecycle_stage == LifecycleStage.DELETED:
        mlflow_command = f"MLFLOW_TRACKING_URI={shlex.quote(uri)} {shlex.quote(sys.executable)} -m mlflow"
        raise BadInput(
            f"the experiment {name} was deleted in MLflow; this restores it, with all its runs: "
            f"{mlflow_command} experiments restore --experiment-id {experiment.experiment_id}"
        )
    if experiment is None:
        artifacts = None if uri.startswith("http") else (folder / "artifacts").resolve().as_uri()
        experiment = mlflow.get_experiment(MlflowClient().create_experiment(name, artifacts))
        MlflowClient().set_experiment_tag(experiment.experiment_id, "mlflow.note.content", ABOUT_RUNS)
    mlflow.set_experiment(experiment_id=experiment.experiment_id)
    if killed := mark_killed_runs(experiment.experiment_id):
        console.print(f"a process was killed: {len(killed)} runs that it left RUNNING are now marked KILLED")
    if uri.startswith("sqlite"):
        _count_for_the_planner(str(make_url(uri).database))
    if not MlflowClient().search_registered_models(f"name = '{name}'"):
        MlflowClient().create_registered_model(name, description=ABOUT_VERSIONS)
    return experiment


def _count_for_the_planner(database: str) -> None:
    """Make the statistics that SQLite's planner needs. Without them, finding the best of 10,000 runs takes seconds."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("DROP TABLE IF EXISTS sqlite_stat1")  # connections that are already open read a new table
        connection.execute("ANALYZE")


def registry_era() -> str:
    """Tell the runs of this registered model from those of an earlier one, which had its name."""
    return str(MlflowClient().get_registered_model(model_name()).creation_timestamp)


def start_registry_again() -> None:
    """Begin with no version and nothing live. The old versions are kept, under a name with the time of this call."""
    client, name = MlflowClient(), model_name()
    registered = client.get_registered_model(name)
    if registered.last_updated_timestamp != registered.creation_timestamp:
        client.rename_registered_model(name, f"{name} until {registered.last_updated_timestamp}")
        client.create_registered_model(name, description=ABOUT_VERSIONS)


@contextmanager
def store_errors_as_sentences() -> Iterator[None]:
    """Turn exceptions of MLflow and its database into BadInput: what, where, and what to do."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        full = error.__cause__  # MLflow's own message would blame the format of the model's file
        if isinstance(full, OSError) and full.errno in NO_SPACE:
            where = full.filename or f"the temporary folder {gettempdir()}"
            raise BadInput(f"{full.strerror}: {where}; make room, then run the same command again") from error
        raise BadInput(_sentence(str(error), mlflow.get_tracking_uri())) from error


def with_store_errors_as_sentences(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a command's `main` in `store_errors_as_sentences`."""

    @wraps(main)
    def command() -> None:
        with store_errors_as_sentences():
            main()

    return command


def _sentence(message: str, uri: str) -> str:
    first = next((line for line in message.splitlines() if line.strip()), "no reason given")
    if "out-of-date database schema" in message or "Can't locate revision" in message:
        return (
            f"the store {uri} was made by a different MLflow than {mlflow.__version__}: move it away, or, "
            f"if it is older, copy it and run mlflow db upgrade {shlex.quote(uri)}"
        )
    if "not a database" in message or "malformed" in message:
        return f"the store {uri} is damaged: restore it from a copy, or move it away to begin a new one"
    if "disk is full" in message or "disk I/O error" in message:
        return f"the disk takes no more of the store {uri}: make room, then run the same command again"
    if "readonly database" in message or "unable to open database" in message:
        return f"the store {uri} cannot be written: check the folder and its permissions"
    if "UNAUTHENTICATED" in message or "not authenticated" in message or "401" in first:
        return f"{uri} does not know you: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return f"the store {uri} refused: {first}"


def _raise_if_silent(uri: str) -> None:
    """Ask once: MLflow's own client would retry for minutes."""
    try:
        httpx.get(f"{uri.rstrip('/')}/health", timeout=SECONDS_TO_ANSWER)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise BadInput(
            f"no tracking server answers at {uri} ({error}): start it, or unset MLFLOW_TRACKING_URI"
        ) from None


def _log_to(path: Path) -> None:
    """Send MLflow's log entries to a file, not to the terminal."""
    logging.raiseExceptions = False  # a full disk is reported once, by the store
    for earlier in logging.getLogger("mlflow").handlers:
        earlier.close()
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("mlflow", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
