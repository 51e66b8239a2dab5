"""A real Airflow on this machine: API server, scheduler and DAG processor on SQLite, on 127.0.0.1.

The pipeline is not in here. A team has an Airflow running anyway; this one is small enough to start with a command and
to end with it.
"""

import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx

from churn.harness.addresses import raise_if_in_path
from churn.harness.errors import BadInput
from churn.harness.processes import Guarded, alone_in, free_port, guarded, wait_until
from churn.harness.signals import deaf_to_signals
from churn.harness.terminal import console
from churn.lake import months_of
from churn.storage.atomic import sweep
from data_pipeline.local_airflow.client import RestApi
from data_pipeline.local_airflow.settings import LESSON, REPOSITORY, USER, environment, write_password

AIRFLOW_VERSION = version("apache-airflow")
DAGS = frozenset({"exports", "features", "predictions"})
COMPONENTS = {
    "scheduler": ["--skip-serve-logs"],  # that server listens on every interface; the files are here anyway
    "dag-processor": [],
    "api-server": [],
}


class Airflow:
    """Airflow for one folder, such as runs/data: its source, its lake, and Airflow's own home."""

    def __init__(
        self,
        folder: Path,
        months: list[str],
        lesson: Path = LESSON,
        dags: frozenset[str] = DAGS,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`variables` are added to the environment of Airflow's processes."""
        self.folder = folder.resolve()
        self.home = self.folder / "airflow"
        self.lake = self.folder / "lake"
        self.months = months
        self.lesson, self.dags, self.variables = lesson, dags, variables or {}
        self.url = f"http://127.0.0.1:{free_port(8080)}"
        self.password = secrets.token_urlsafe(12)
        self.followed = {"exports": ("valid", "")}  # a DAG, its asset whose events start runs, and since when
        self.processes: dict[str, Guarded] = {}

    @contextmanager
    def running(self, start_over: bool = False) -> Iterator["Airflow"]:
        """Run Airflow next to the block; none of its processes outlives the block.

        `start_over` forgets what earlier runs left in the folder. Raises BadInput when Airflow cannot start.
        """
        raise_if_in_path(self.folder, "$", "Airflow")  # it replaces $HOME in a path
        raise_if_in_path(REPOSITORY, os.pathsep, "Airflow")  # it would end a path of PYTHONPATH, and lose our rules
        self.raise_if_of_another_version()
        running = f"an Airflow is running in {self.home}: stop it first (Ctrl-C where it was started)"
        with alone_in(self.folder, running):
            if start_over:
                self.forget()
            sweep(self.lake)  # half-written partitions of killed tasks; no task is running yet
            try:
                self.start()
                yield self
            except KeyboardInterrupt:
                console.print("stopping Airflow …")
                raise
            finally:
                self.stop()

    def raise_if_of_another_version(self) -> None:
        """Raise BadInput when another version of Airflow made the home, so that nothing of it is lost."""
        made_by = self.home / "version"
        if made_by.is_file() and (other := made_by.read_text(encoding="utf-8")) != AIRFLOW_VERSION:
            raise BadInput(
                f"{self.home} was made by Airflow {other}, this is {AIRFLOW_VERSION}: move the folder away first"
            )

    def forget(self) -> None:
        """Delete what earlier runs left in the folder, but their answer: the report and the predictions.

        A run replaces these two when it has finished. If it fails, the previous answer is still there.
        """
        for folder in (self.home, self.lake, self.folder / "source"):
            shutil.rmtree(folder, ignore_errors=True)
        (self.folder / "incidents.log").unlink(missing_ok=True)

    def start(self) -> None:
        """Create or open the database, start the components, and wait until they have loaded the DAGs."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "version").write_text(AIRFLOW_VERSION, encoding="utf-8")
        write_password(self.home, self.password)
        self.environment = {**environment(self.folder, self.url, self.months, self.lesson), **self.variables}
        self.api = RestApi(self.url, USER, self.password)  # a token of an earlier start is worth nothing
        command, log = [sys.executable, "-m", "airflow", "db", "migrate"], self.home / "migrate.log"
        with guarded(command, log, self.environment) as migration:
            if migration.wait():
                raise BadInput(f"Airflow could not create its database: {log} says why")
        for component in COMPONENTS:
            self.start_component(component)
        wait_until(self.is_ready, 180, f"Airflow (logs: {self.home}) was not ready", self.raise_if_one_died, 0.2)

    def start_component(self, name: str) -> None:
        command = [sys.executable, "-m", "airflow", name, *COMPONENTS[name]]
        self.processes[name] = Guarded(command, self.home / f"{name}.log", self.environment)

    def is_ready(self) -> bool:
        """Return whether all components report that they are healthy, and the DAGs are loaded."""
        try:
            health = self.api.get("monitor/health")
            states = {health[part]["status"] for part in ("metadatabase", "scheduler", "dag_processor")}
            return states == {"healthy"} and {dag["dag_id"] for dag in self.api.get("dags")["dags"]} == self.dags
        except httpx.HTTPError:
            return False

    def raise_if_one_died(self) -> None:
        """Raise BadInput, with the last log line, when a component has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                log = self.home / f"{name}.log"
                last_line = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
                raise BadInput(f"Airflow's {name} has stopped: {last_line[:200]} (more in {log})")

    def stop(self) -> None:
        """Stop every component with its children, all at the same time."""
        with deaf_to_signals():
            for process in self.processes.values():
                process.signal(process.ending)
            while self.processes:
                self.processes.popitem()[1].stop()


def airflow_of_last_demo(runs: Path, purpose: str) -> Airflow:
    """Return the Airflow that `make demo-data` left in `runs`/data. Raises BadInput when there is none."""
    folder = runs / "data"
    months = months_of(folder, "source")
    if not months or not (folder / "airflow").is_dir():
        raise BadInput(f"there is nothing in {folder} to {purpose}: make demo-data comes first")
    return Airflow(folder, months)
