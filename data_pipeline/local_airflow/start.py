"""A real Airflow on this machine: API server, scheduler and DAG processor on SQLite, on 127.0.0.1.

Nothing of the pipeline is in here. It is what a team has running anyway, made small enough to start with a command and
to be gone when the command ends.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from churn.harness.errors import BadInput
from churn.harness.ports import free_port
from churn.harness.terminal import console
from churn.storage.atomic import sweep
from data_pipeline.local_airflow.client import RestApi
from data_pipeline.local_airflow.components import OPTIONS, Components
from data_pipeline.local_airflow.home import AIRFLOW_VERSION, only_one_in
from data_pipeline.local_airflow.settings import environment

DAGS = {"exports", "features", "predictions"}
SECONDS_TO_START = 180


class Airflow:
    """Airflow for one folder, such as runs/data: its source, its lake, and Airflow's own home."""

    def __init__(self, folder: Path, months: list[str]) -> None:
        self.folder = folder.resolve()
        self.home = self.folder / "airflow"
        self.lake = self.folder / "lake"
        self.months = months
        self.url = f"http://127.0.0.1:{free_port(8080)}"
        self.api = RestApi(self.url)

    @contextmanager
    def running(self, start_over: bool = False) -> Iterator["Airflow"]:
        """Whatever happens inside, none of its processes is left after. Raises BadInput when it cannot start.

        `start_over` forgets what earlier runs have left in the folder.
        """
        with only_one_in(self.home):
            if start_over:
                self.forget()
            sweep(self.lake)  # what a killed task has left; none is at work yet
            self.components = Components(self.home, environment(self.folder, self.url, self.months))
            try:
                self.start()
                yield self
            except KeyboardInterrupt:
                console.print("stopping Airflow …")
                raise
            finally:
                self.components.stop()

    def forget(self) -> None:
        for made in (self.home, self.lake, self.folder / "source"):
            shutil.rmtree(made, ignore_errors=True)
        for file in ("incidents.log", "report.json", "predictions.parquet"):
            (self.folder / file).unlink(missing_ok=True)
        self.home.mkdir(parents=True)

    def start(self) -> None:
        (self.home / "version").write_text(AIRFLOW_VERSION, encoding="utf-8")
        self.components.migrate_database()
        for component in OPTIONS:
            self.components.start(component)
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.is_ready():
            self.components.raise_if_one_died()
            if time.monotonic() > deadline:
                raise BadInput(f"Airflow was not ready after {SECONDS_TO_START} s: its logs are in {self.home}")
            time.sleep(0.2)

    def is_ready(self) -> bool:
        try:
            health = self.api.ask("monitor/health")
            states = {health[part]["status"] for part in ("metadatabase", "scheduler", "dag_processor")}
            return states == {"healthy"} and {dag["dag_id"] for dag in self.api.ask("dags")["dags"]} == DAGS
        except (URLError, ConnectionError):
            return False
