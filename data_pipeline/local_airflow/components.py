"""The three processes that an Airflow is made of: started together, and with their children gone together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from churn.harness.errors import BadInput

OPTIONS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),  # that server listens on every interface; the files are here anyway
    "dag-processor": (),
}
SECONDS_TO_STOP = 10
END_WITH_US = "cat; kill -s KILL -- -$0"  # cat ends when the other end of the pipe is gone, however we ended


class Components:
    """Runs `airflow …` with the settings in `environment`; the logs are in `home`, a file for each component."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._watchers: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = environment

    def migrate_database(self) -> None:
        with (self.home / "migrate.log").open("wb") as log:
            made = subprocess.run(_command("db", "migrate"), env=self._environment, stdout=log, stderr=log, check=False)
        if made.returncode:
            raise BadInput(f"Airflow's database could not be made: {log.name} says why")

    def start(self, component: str) -> None:
        with (self.home / f"{component}.log").open("ab") as log:
            self.processes[component] = subprocess.Popen(
                _command(component, *OPTIONS[component]),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a process group: stop() reaches its children, and Ctrl-C does not
            )
        self._watchers[component] = subprocess.Popen(
            ["sh", "-c", END_WITH_US, str(self.processes[component].pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def raise_if_one_died(self) -> None:
        for component, process in self.processes.items():
            if process.poll() is not None:
                log = self.home / f"{component}.log"
                last_words = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
                raise BadInput(f"Airflow's {component} has stopped: {last_words[:200]} (more in {log})")

    def kill(self, component: str) -> None:
        """With its children, and without a word: as when the machine has gone."""
        process = self.processes.pop(component)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._dismiss(self._watchers.pop(component))

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
            while self._watchers:
                self._dismiss(self._watchers.popitem()[1])

    def _dismiss(self, watcher: subprocess.Popen[bytes]) -> None:
        with watcher:  # closes its pipe, and waits
            watcher.kill()

    def _signal(self, number: int) -> bool:
        """Send a signal to all that is left of the process groups. Is there anything left?"""
        left = False
        for process in self.processes.values():
            process.poll()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
                left = True
        return left


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
