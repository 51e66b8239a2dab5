"""The operations that a scenario may use on a pipeline. An adapter implements them with the pipeline's own commands.

The adapter runs in the environment of `make contrast`, the pipeline in its own.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from churn.lake import months_of, parquet_in, partition
from contrast.code import REPOSITORY, CodeCopy
from contrast.world import LAST, MONTHS, exports

KILLED = -9
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its success, the stages that it executed with their seconds, and its last log line."""

    ok: bool
    stages: dict[str, float]  # seconds by stage; without stages taken from a cache
    message: str


@dataclass(frozen=True)
class Record:
    """The engine's own record of one stage of one run, after the run has ended."""

    stage: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class WayBack:
    """The cost of going back to the previous model."""

    commands: list[str]
    stages: dict[str, float] = field(default_factory=dict)  # executed for it, with their seconds
    seconds: float = 0.0


class Pipeline(ABC):
    """One pipeline in its own folder. After `begin` it serves the month before the newest."""

    name: str
    environment: str
    folders: tuple[str, ...]  # of its code

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve() / self.name
        self.clean_source = exports(folder.resolve())
        self.here = self.folder / "here"
        self.source = self.here / "source"
        self.runs = self.here / "runs"
        self.lake = self.runs / self.name / "lake"
        self.question = self.folder / "question.parquet"
        self.log = self.folder / "log.txt"

    def begin(self) -> None:
        """Start from nothing, serve the month before the newest, and keep that state for `restore`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.here.mkdir(parents=True)
        self.code = CodeCopy(self.folder / "code", ("churn", "contrast", *self.folders))
        self.start()
        self.deliver(MONTHS[: MONTHS.index(LAST) + 1])
        if not (first := self.run(LAST)).ok:
            raise RuntimeError(f"{self.name} cannot run {LAST} before any fault: {first.message} ({self.log})")
        rows = pl.read_parquet(parquet_in(self.table("features", LAST)), hive_partitioning=False)
        rows.sort("customer_id").write_parquet(self.question)
        self.keep("before")

    def start(self) -> None:  # noqa: B027  # most pipelines have nothing to start
        """Start services that a run needs."""

    def end(self) -> None:  # noqa: B027
        """Stop these services."""

    def restore(self) -> None:
        """Restore the code, the exports and the pipeline's results to the state after `begin`."""
        self.code.restore()
        self.put_back("before")

    def keep(self, state: str) -> None:
        """Keep the exports and the pipeline's results for `put_back`."""
        shutil.rmtree(self.folder / state, ignore_errors=True)
        copy(self.here, self.folder / state)

    def put_back(self, state: str) -> None:
        shutil.rmtree(self.here)
        copy(self.folder / state, self.here)

    def deliver(self, months: list[str]) -> None:
        """Deliver clean exports of these months where the pipeline expects them."""
        for month in months:
            export = self.source / f"month={month}"
            shutil.rmtree(export, ignore_errors=True)
            shutil.copytree(self.clean_source / export.name, export)

    @abstractmethod
    def run(self, month: str) -> Outcome:
        """Do what the pipeline's user does after `month` is delivered."""

    @abstractmethod
    def run_and_kill_train(self, month: str) -> None:
        """Do the same, and kill the process that runs `train` with kill -9."""

    def run_again(self, month: str) -> Outcome:
        """Do what its user does after a run died."""
        return self.run(month)

    def release(self, month: str) -> Outcome:
        """Run the month and make its model live."""
        return self.run(month)

    @abstractmethod
    def ask(self) -> pl.DataFrame:
        """Return customer_id and churn_probability for `question`, from the live model, sorted by customer_id."""

    def served(self) -> pl.DataFrame:
        """Return customer_id and churn_probability of the scored table that a reader finds now."""
        return pl.read_parquet(self.runs / self.name / "predictions.parquet", glob=False).sort("customer_id")

    def go_back(self) -> WayBack:
        """Make the previous model live again. Without a better way, train it again."""
        run, seconds = timed(lambda: self.run(LAST))
        return WayBack([f"the whole run with --month {LAST}"], run.stages, seconds)

    def table(self, table: str, month: str) -> Path:
        """Return the folder of a table of the lake; it may not exist."""
        return partition(self.lake, table, month)

    def records(self) -> list[Record]:
        """Return the engine's own records of the runs since `restore`; a script has none."""
        return []

    def forget_runs(self) -> None:
        """Delete the engine's records of its runs."""
        raise NotImplementedError(f"{self.name} remembers no runs")

    def forget_models(self) -> None:
        """Delete all models except the live one."""
        raise NotImplementedError(f"{self.name} keeps no models")

    def leftovers(self) -> list[str]:
        """Name the remains of a killed run."""
        return [f"a half-written {path.parent.name}" for path in self.lake.glob("*/.month=*")]

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run Python with `words` in the pipeline's environment, from the copy of the code."""
        done = subprocess.run(
            [python_of(self.environment), *words],
            cwd=self.code.place,
            env=environment_variables(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ python {' '.join(words)}\n{done.stdout}{done.stderr}[{done.returncode}]\n")
        return done

    def world(self, month: str) -> list[str]:
        """Return the options that every pipeline's command accepts."""
        return ["--source", str(self.source), "--runs", str(self.runs), "--month", month]


class Script(Pipeline):
    """A pipeline that runs all its stages in one process."""

    command: tuple[str, ...]  # a module and its first arguments
    dies_at: tuple[str, int]  # a moment in train: see contrast/killed.py

    def run(self, month: str) -> Outcome:
        return self._run_of(self.call("-m", *self.command, *self.world(month)))

    def run_and_kill_train(self, month: str) -> None:
        text, count = self.dies_at
        done = self.call("-m", "contrast.killed", text, str(count), *self.command, *self.world(month))
        if done.returncode != KILLED:
            raise RuntimeError(f"{self.name} should die in train, but ended with {done.returncode}: {self.log}")

    def _run_of(self, done: "subprocess.CompletedProcess[str]") -> Outcome:
        if done.returncode:
            return Outcome(False, {}, last_line(done.stderr))
        report = json.loads((self.runs / self.name / "report.json").read_text(encoding="utf-8"))
        return Outcome(True, executed(report["stages"]), last_line(done.stdout))


def executed(stages: list[dict[str, Any]]) -> dict[str, float]:
    return {stage["name"]: stage["seconds"] for stage in stages if stage["status"] == "ok"}


def last_line(log: str) -> str:
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def python_of(environment: str) -> str:
    """Return the environment's Python, or the current one in the tests, whose environment has all packages."""
    own = REPOSITORY / ".venv" / environment / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def environment_variables() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "AIRFLOW", "PYTHON"))}
    return {**ours, "COLUMNS": "200"}


def newest(lake: Path, table: str) -> Path:
    return partition(lake, table, months_of(lake, table)[-1])


def copy(folder: Path, to: Path) -> None:
    """Copy with owners and times, because steps in containers depend on them."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)
