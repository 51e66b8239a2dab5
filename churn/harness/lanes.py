"""The pipelines of `make demo`, two at a time; each one's output stays whole and in the usual order.

A pipeline waits a lot, for containers or a scheduler, so two of them share two cores well. Each lane is `make demo-…`,
which builds its environment first. Its output goes to runs/demo/<name>.log, and to the screen once the lane and all
lanes before it are done. `make` has run the plain script before: it makes the simulated world that all lanes read.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from rich.live import Live
from rich.text import Text

from churn.harness.errors import exit_on_bad_input
from churn.harness.processes import Guarded
from churn.harness.signals import deaf_to_signals
from churn.harness.terminal import console, styled

SHOWN = ("workflow", "data", "dagster", "model", "tracking")
STARTED = ("data", "workflow", "tracking", "model", "dagster")  # the longest first
AT_ONCE = 2
SECONDS_TO_STOP = 30  # Airflow needs ten


class Lane:
    """One `make demo-<name>`: waiting, running or ended."""

    def __init__(self, name: str, logs: Path) -> None:
        self.name, self.target, self.log = name, f"demo-{name}", logs / f"{name}.log"
        self.program: Guarded | None = None
        self.code: int | None = None
        self._started = self._ended = 0.0

    def start(self, environment: dict[str, str]) -> None:
        self.log.unlink(missing_ok=True)
        self._started = self._ended = time.monotonic()
        self.program = Guarded(make(self.target), self.log, environment)

    def is_running(self) -> bool:
        """Ask the process; remember its exit code once it has ended."""
        if self.program is not None and self.code is None:
            self.code, self._ended = self.program.poll(), time.monotonic()
        return self.program is not None and self.code is None

    def line(self) -> str:
        """Return name, state and seconds so far, for the display."""
        if self.program is None:
            return f"{self.name:<8}  waiting"
        state = {None: "running", 0: "done"}.get(self.code, "failed")
        if self.code is None and not environment_is_built(self.name):
            state = "building its environment"
        return f"{self.name:<8}  {state:<24}  {self.seconds():>5}"

    def seconds(self) -> str:
        return f"{self._ended - self._started:.0f} s"

    def show(self) -> None:
        output = self.log.read_text(encoding="utf-8", errors="replace").rstrip()
        heading = styled(("\nmake " + self.target, "bold"), f" ({self.seconds()})")
        console.print(heading, Text.from_ansi(output), sep="\n", soft_wrap=True)


def make(*words: str) -> list[str]:
    return [os.environ.get("MAKE", "make"), "--no-print-directory", *words]


def environment_is_built(name: str) -> bool:
    """Apply make's own rule: the environment is newer than its lock."""
    built, lock = Path(f".venv/{name}/.ok"), Path(f"requirements/{name}.txt")
    return built.exists() and built.stat().st_mtime >= lock.stat().st_mtime


def environment_of_make() -> dict[str, str]:
    """Return the variables of this process, with the screen's colours and width, and without make's job server.

    A program started here inherits no open files, so it could not reach that server. The settings after " -- " stay as
    they were typed.
    """
    options, separator, settings = os.environ.get("MAKEFLAGS", "").partition(" -- ")
    kept = " ".join(option for option in options.split(" ") if not option.startswith("--jobserver"))
    screen = {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(console.width)}  # read by Rich
    return os.environ | {"MAKEFLAGS": kept + separator + settings} | (screen if console.is_terminal else {})


def run(lanes: list[Lane], environment: dict[str, str]) -> None:
    """Run all lanes, started in the order of STARTED and shown in their own. When this is interrupted, none goes on."""
    waiting = sorted(lanes, key=lambda lane: STARTED.index(lane.name))
    to_show = list(lanes)

    def display() -> str:
        return "\n".join(lane.line() for lane in lanes)

    try:
        with Live(get_renderable=display, console=console, refresh_per_second=2, transient=True):
            while to_show:
                running = sum(lane.is_running() for lane in lanes)
                if waiting and running < AT_ONCE:
                    waiting.pop(0).start(environment)
                elif to_show[0].code is not None:
                    to_show.pop(0).show()
                else:
                    time.sleep(0.1)
    finally:
        with deaf_to_signals():
            for program in filter(None, (lane.program for lane in lanes)):
                program.stop(SECONDS_TO_STOP)


@exit_on_bad_input
def main() -> None:
    logs = Path("runs/demo")
    logs.mkdir(parents=True, exist_ok=True)
    lanes, environment = [Lane(name, logs) for name in SHOWN], environment_of_make()
    run(lanes, environment)
    failed = " ".join(lane.target for lane in lanes if lane.code)
    comparison = make("compare", *([f"FAILED={failed}"] if failed else []))
    sys.exit(subprocess.run(comparison, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
