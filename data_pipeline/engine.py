"""A real Airflow on this machine: API server, scheduler and DAG processor on SQLite, on 127.0.0.1.

Nothing of the pipeline is in here. It is what a team has running anyway, made small enough to start with a command and
to be gone when the command ends.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from churn.errors import BadInput
from churn.months import add_months, first_day, last_day
from data_pipeline.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[1]
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),  # that server listens on every interface; the files are here anyway
    "dag-processor": (),
}
Records = list[dict[str, Any]]
DAGS = {"exports", "features", "predictions"}
AIRFLOW_VERSION = version("apache-airflow")
SECONDS_TO_START = 180
SECONDS_TO_STOP = 10
SECONDS_WITHOUT_PROGRESS = 600


class Airflow:
    """Airflow for one folder, such as runs/data: its source, its lake, and Airflow's own home."""

    def __init__(self, folder: Path, months: list[str]) -> None:
        self.folder = folder.resolve()
        self.home = self.folder / "airflow"
        self.lake = self.folder / "lake"
        self.months = months
        self.port = free_port(8080)
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._token = ""

    @contextmanager
    def running(self, start_over: bool = False) -> Iterator["Airflow"]:
        """Whatever happens inside, none of its processes is left after. Raises BadInput when it cannot start.

        `start_over` forgets what earlier runs have left in the folder.
        """
        with only_one_in(self.home):
            if start_over:
                for made in (self.home, self.lake, self.folder / "source"):
                    shutil.rmtree(made, ignore_errors=True)
                for file in ("incidents.log", "report.json", "predictions.parquet"):
                    (self.folder / file).unlink(missing_ok=True)
                self.home.mkdir(parents=True)
            try:
                self.start()
                yield self
            finally:
                self.stop()

    def start(self) -> None:
        (self.home / "version").write_text(AIRFLOW_VERSION, encoding="utf-8")
        with (self.home / "migrate.log").open("wb") as log:
            made = subprocess.run(
                _command("db", "migrate"), env=self._environment(), stdout=log, stderr=log, check=False
            )
        if made.returncode:
            raise BadInput(f"Airflow's database could not be made: {log.name} says why")
        for component in COMPONENTS:
            self.start_component(component)
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._ready():
            self.raise_if_a_component_died()
            if time.monotonic() > deadline:
                raise BadInput(f"Airflow was not ready after {SECONDS_TO_START} s: its logs are in {self.home}")
            time.sleep(0.2)

    def start_component(self, component: str) -> None:
        with (self.home / f"{component}.log").open("ab") as log:
            self.processes[component] = subprocess.Popen(
                _command(component, *COMPONENTS[component]),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a process group: stop() reaches its children, and Ctrl-C does not
            )

    def stop(self) -> None:
        with _deaf_to_ctrl_c():
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + SECONDS_TO_STOP
            while self._signal(0) and time.monotonic() < deadline:
                time.sleep(0.1)
            self._signal(signal.SIGKILL)
            for process in self.processes.values():
                process.wait()
            self.processes.clear()

    def _signal(self, number: int) -> bool:
        """Send a signal to all that is left of the process groups. Is there anything left?"""
        left = False
        for process in self.processes.values():
            process.poll()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
                left = True
        return left

    def raise_if_a_component_died(self) -> None:
        for component, process in self.processes.items():
            if process.poll() is not None:
                log = self.home / f"{component}.log"
                last_words = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
                raise BadInput(f"Airflow's {component} has stopped: {last_words[:200]} (more in {log})")

    def _ready(self) -> bool:
        try:
            health = self.ask("monitor/health")
            states = {health[part]["status"] for part in ("metadatabase", "scheduler", "dag_processor")}
            return states == {"healthy"} and {dag["dag_id"] for dag in self.ask("dags")["dags"]} == DAGS
        except (URLError, ConnectionError):
            return False

    def _environment(self) -> dict[str, str]:
        """All settings there are: an airflow.cfg or AIRFLOW variables of somebody's shell do not come in."""
        bundle = {"name": "churn", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
        settings = {
            "core__executor": "LocalExecutor",
            "core__parallelism": "3",  # tasks at once; a core each, and one that is only starting
            "core__load_examples": "False",
            "core__dags_are_paused_at_creation": "False",
            "core__execution_api_server_url": f"{self.url}/execution/",
            "core__simple_auth_manager_all_admins": "True",  # nobody else reaches 127.0.0.1
            "database__sql_alchemy_conn": f"sqlite:///{self.home / 'airflow.db'}",
            "dag_processor__dag_bundle_config_list": json.dumps(
                [{**bundle, "kwargs": {"path": str(REPOSITORY / "data_pipeline")}}]
            ),
            "api__host": "127.0.0.1",
            "api__port": str(self.port),
            "api__base_url": self.url,
            "api__workers": "1",
            "api__maximum_page_limit": "10000",
            "api__secret_key": self._secret("api"),
            "api_auth__jwt_secret": self._secret("jwt"),
            "logging__logging_level": "WARNING",
            "scheduler__scheduler_idle_sleep_time": "0.2",
            # How long to wait for a killed task, and for the tasks of a killed scheduler: 300 s each by default.
            "scheduler__task_instance_heartbeat_timeout": "30",
            "scheduler__orphaned_tasks_check_interval": "30",
            # A worker that misses the end of its task sleeps until the next heartbeat: 5 s by default.
            "workers__min_heartbeat_interval": "1",
        }
        variables = {
            "churn_source": str(self.folder / "source"),
            "churn_lake": str(self.lake),
            "churn_first_month": self.months[0],
        }
        shell = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
        return {
            **shell,
            **{f"AIRFLOW__{name.upper()}": value for name, value in settings.items()},
            **{f"AIRFLOW_VAR_{name.upper()}": value for name, value in variables.items()},
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(REPOSITORY),
            # In a simulated world no time passes: without this, Airflow asks for the export of the month that is now.
            "CHURN_EXPORTS_END": first_day(add_months(self.months[-1], 1)).isoformat(),
        }

    def _secret(self, name: str) -> str:
        file = self.home / f".{name}"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        return file.read_text(encoding="utf-8")

    def ask(self, path: str, method: str = "GET", content: dict[str, Any] | None = None, **query: Any) -> Any:
        """What Airflow's REST API answers."""
        if not self._token:
            with urlopen(f"{self.url}/auth/token", timeout=30) as answer:
                self._token = json.load(answer)["access_token"]
        request = Request(
            f"{self.url}/api/v2/{path}?{urlencode(query)}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def runs(self) -> Records:
        """Every run there has been: dag_id, partition_key, state, start_date, end_date, …"""
        return list(self.ask("dags/~/dagRuns", limit=10_000, order_by="id")["dag_runs"])

    def task_instances(self) -> Records:
        """Every task of every run: dag_id, dag_run_id, task_id, state, duration, try_number, …"""
        return list(self.ask("dags/~/dagRuns/~/taskInstances", limit=10_000)["task_instances"])

    def backfill(self, dag: str, first: str, last: str, again: str = "none") -> int:
        """Ask for a run per month; `again` says what of the months that ran before: none, failed or completed.

        Returns the backfill's number. Raises BadInput for a range that is not within the months there are.
        """
        if not self.months[0] <= first <= last <= self.months[-1]:
            raise BadInput(
                f"backfill of {first} to {last}: the operator's exports run from {self.months[0]} to {self.months[-1]}"
            )
        dates = {"from_date": f"{first_day(first)}T00:00:00Z", "to_date": f"{last_day(last)}T23:59:59Z"}
        try:
            content = {"dag_id": dag, **dates, "reprocess_behavior": again, "max_active_runs": 3}
            return int(self.ask("backfills", "POST", content)["id"])
        except HTTPError as error:
            raise BadInput(f"Airflow refuses the backfill: {json.load(error)['detail']}") from error

    def end_backfill(self, number: int) -> None:
        """All its runs have ended. Airflow itself notices that every 30 s, and takes no other backfill until then."""
        with suppress(HTTPError):  # it has noticed
            self.ask(f"backfills/{number}/cancel", "PUT")

    def wait(self, show: Callable[[Records], object] = lambda runs: None) -> Records:
        """Until every run has ended, and so has what followed from its events. Calls `show` with the runs so far.

        Returns the runs. Raises BadInput when Airflow dies, or nothing moves any more.
        """
        seen: dict[str, str] = {}
        changed = time.monotonic()
        while True:
            self.raise_if_a_component_died()
            runs = self.runs()
            show(runs)
            states = {run["dag_run_id"]: run["state"] for run in runs}
            if set(states.values()) <= {"success", "failed"} and self._followed_up() <= set(states):
                return runs
            if states != seen:
                seen, changed = states, time.monotonic()
            if time.monotonic() - changed > SECONDS_WITHOUT_PROGRESS:
                raise BadInput(f"nothing has moved for {SECONDS_WITHOUT_PROGRESS} s: Airflow's logs are in {self.home}")
            time.sleep(0.5)

    def _followed_up(self) -> set[str]:
        """The runs that events of `valid` have led to; an event that has led to none yet counts as a run to come."""
        events = self.ask("assets/events", source_dag_id="exports", limit=10_000)["asset_events"]
        return {
            run
            for event in events
            if event["name"] == "valid"
            for run in [run["run_id"] for run in event["created_dagruns"]] or ["to come"]
        }


@contextmanager
def only_one_in(home: Path) -> Iterator[None]:
    """Raises BadInput when an Airflow runs in this home already, or another version has made it."""
    made_by = home / "version"
    if made_by.is_file() and (other := made_by.read_text(encoding="utf-8")) != AIRFLOW_VERSION:
        raise BadInput(f"{home} was made by Airflow {other}, this is {AIRFLOW_VERSION}: move the folder away first")
    home.mkdir(parents=True, exist_ok=True)
    with home.with_name(".airflow.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"an Airflow is running in {home}: stop it first (Ctrl-C where it was started)") from None
        yield


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """An impatient second Ctrl-C must not leave half of the processes running."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "airflow", *words]
