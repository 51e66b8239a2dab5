"""Where runs are recorded: a file on a laptop, or the team's server if MLFLOW_TRACKING_URI says so. Same code, one URI.

Nothing is chosen on import: `open_store` is called by the commands.
"""

import logging
import os
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from churn.harness.command import OperatorData
from churn.harness.errors import BadInput
from churn.harness.terminal import console
from tracking_pipeline.record import mark_killed_runs

SECONDS_TO_ANSWER = 5
ABOUT_RUNS = (
    "Who leaves next month? A run per month; under it a run per stage; under `train` a run per candidate, and under "
    "`deploy` the decision, with its pictures. What was tried: search `tags.stage = 'train'`, sort by `log_loss`."
)
ABOUT_VERSIONS = (
    "Says who is called. `@champion` is live, and moves only to a challenger that wins on the month held out. "
    "Why it moved is in the experiment of the same name: search `tags.decision != ''`."
)
QUIET = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of 7, which take minutes when a server has gone
    "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "1",
}


def store_name(data: OperatorData) -> str:
    """Of the experiment and of the registered model: one per simulated world, so that worlds do not mix."""
    return "churn" if data.seed is None else f"churn-{data.source.parent.name}"


def store_uri(folder: Path) -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"


def open_store(folder: Path, name: str) -> Experiment:
    """Make MLflow record in the experiment `name`, which is made if need be; end what a killed process left running."""
    folder.mkdir(parents=True, exist_ok=True)
    for setting, value in QUIET.items():
        os.environ.setdefault(setting, value)
    _log_to(folder / "mlflow.log")
    uri = store_uri(folder)
    if uri.startswith("http"):
        _raise_if_silent(uri)
    mlflow.set_tracking_uri(uri)
    experiment = mlflow.get_experiment_by_name(name)
    if experiment is None:
        artifacts = None if uri.startswith("http") else (folder / "artifacts").resolve().as_uri()
        experiment = mlflow.get_experiment(MlflowClient().create_experiment(name, artifacts))
        MlflowClient().set_experiment_tag(experiment.experiment_id, "mlflow.note.content", ABOUT_RUNS)
    mlflow.set_experiment(experiment_id=experiment.experiment_id)
    if killed := mark_killed_runs(experiment.experiment_id):
        console.print(f"a process was killed here: {len(killed)} runs that it left RUNNING are marked KILLED")
    if uri.startswith("sqlite:///"):
        _count_for_the_planner(Path(uri.removeprefix("sqlite:///")))
    if not MlflowClient().search_registered_models(f"name = '{name}'"):
        MlflowClient().create_registered_model(name, description=ABOUT_VERSIONS)
    return experiment


def _count_for_the_planner(database: Path) -> None:
    """Without statistics, SQLite takes seconds instead of 0.1 to find the best of 10,000 runs; MLflow makes none."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("DROP TABLE IF EXISTS sqlite_stat1")  # a new table is read by connections open already
        connection.execute("ANALYZE")


def start_registry_anew(name: str) -> None:
    """Begin with no version and nothing live. The versions so far are kept, under a name that says until when."""
    client = MlflowClient()
    registered = client.get_registered_model(name)
    if registered.latest_versions:
        client.rename_registered_model(name, f"{name} until {registered.last_updated_timestamp}")
        client.create_registered_model(name, description=ABOUT_VERSIONS)


def registry_era(name: str) -> str:
    """Tells the versions of this registered model from those of one that had its name before."""
    return str(MlflowClient().get_registered_model(name).creation_timestamp)


@contextmanager
def store_errors_as_sentences() -> Iterator[None]:
    """Turn what MLflow and its database raise into BadInput: what, where, and what to do."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        raise BadInput(_sentence(str(error), mlflow.get_tracking_uri())) from error


def with_store_errors_as_sentences(main: Callable[[], None]) -> Callable[[], None]:
    @wraps(main)
    def command() -> None:
        with store_errors_as_sentences():
            main()

    return command


def _sentence(said: str, uri: str) -> str:
    first = next((line for line in said.splitlines() if line.strip()), "no reason given")
    if "out-of-date database schema" in said or "Can't locate revision" in said:
        return (
            f"the store {uri} was made by another MLflow than {mlflow.__version__}: move it away to begin a new "
            f"one, or, if it is older, copy it and run mlflow db upgrade {uri}"
        )
    if "not a database" in said or "malformed" in said:
        return f"the store {uri} is damaged: restore it from a copy, or move it away to begin a new one"
    if "disk is full" in said or "disk I/O error" in said:
        return f"the disk takes no more of the store {uri}: make room, then run the same command again"
    if "readonly database" in said or "unable to open database" in said:
        return f"the store {uri} cannot be written: check the folder and its permissions"
    if "UNAUTHENTICATED" in said or "not authenticated" in said or "401" in first:
        return f"{uri} does not know you: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return f"the store {uri} refused: {first}"


def _raise_if_silent(uri: str) -> None:
    """Ask once: MLflow's own client would try again for a long time."""
    try:
        urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=SECONDS_TO_ANSWER).close()
    except urllib.error.HTTPError:
        return  # somebody is there
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise BadInput(
            f"no tracking server answers at {uri} ({reason}): start it, or unset MLFLOW_TRACKING_URI"
        ) from None


def _log_to(path: Path) -> None:
    """What MLflow has to say goes to a file; the terminal is for people."""
    logging.raiseExceptions = False  # a full disk is reported once, by the store
    for earlier in logging.getLogger("mlflow").handlers:
        earlier.close()
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("mlflow", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
