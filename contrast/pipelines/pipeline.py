"""What every scenario may ask of a pipeline. An adapter answers with the pipeline's own commands, and changes nothing.

An adapter runs in the environment of whoever fills the table; the pipeline, as ever, in one of its own.
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

from churn.lake import months_of, partition
from contrast.code import REPOSITORY, CodeCopy
from contrast.world import LAST, MONTHS, exports

KILLED = -9
T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """How a run ended: whether well, in which stages it did something and for how long, and its last words."""

    ok: bool
    stages: dict[str, float]  # seconds by stage; those that were executed, not those taken from a cache
    said: str


@dataclass(frozen=True)
class Record:
    """What the pipeline's engine keeps of one stage of one run, after the run has ended."""

    stage: str
    state: str
    said: str = ""


@dataclass(frozen=True)
class WayBack:
    """What it took to go back to the model before."""

    commands: list[str]
    stages: dict[str, float] = field(default_factory=dict)  # executed on the way, with their seconds
    seconds: float = 0.0


class Pipeline(ABC):
    """One pipeline in a folder of its own. `begin` lets it serve the month before the one at stake."""

    name: str
    environment: str
    folders: tuple[str, ...]  # of the code

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve() / self.name
        self.clean_source = exports(folder.resolve())
        self.here, self.before = self.folder / "here", self.folder / "before"
        self.source = self.here / "source"
        self.runs = self.here / "runs"
        self.lake = self.runs / self.name / "lake"
        self.question = self.folder / "question.parquet"
        self.log = self.folder / "log.txt"

    def begin(self) -> None:
        """From nothing to the month before the one at stake being served; that state is kept for `restore`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.here.mkdir(parents=True)
        self.code = CodeCopy(self.folder / "code", ("churn", "contrast", *self.folders))
        self.start()
        self.deliver(MONTHS[: MONTHS.index(LAST) + 1])
        if not (first := self.run(LAST)).ok:
            raise RuntimeError(f"{self.name} cannot run {LAST}, and nothing was done to it: {first.said} ({self.log})")
        rows = pl.read_parquet(self.table("features", LAST) / "*.parquet", hive_partitioning=False)
        rows.sort("customer_id").write_parquet(self.question)
        self.keep()

    def start(self) -> None:  # noqa: B027  # most pipelines have nothing to start
        """Start what has to be there before a run can be asked for."""

    def end(self) -> None:  # noqa: B027
        """Stop what was started."""

    def keep(self) -> None:
        copy(self.here, self.before)

    def restore(self) -> None:
        """Everything as it was after `begin`: the code, the exports, and what the pipeline had made."""
        self.code.restore()
        shutil.rmtree(self.here)
        copy(self.before, self.here)

    def deliver(self, months: list[str]) -> None:
        """Put these months' exports, clean, where the pipeline looks for them."""
        for month in months:
            export = self.source / f"month={month}"
            shutil.rmtree(export, ignore_errors=True)
            shutil.copytree(self.clean_source / export.name, export)

    @abstractmethod
    def run(self, month: str) -> Run:
        """What the pipeline's user does when `month` has been delivered."""

    @abstractmethod
    def run_and_kill_train(self, month: str) -> None:
        """The same, and the process that is at `train` dies by kill -9."""

    def run_again(self, month: str) -> Run:
        """What its user does after a run has died."""
        return self.run(month)

    def release(self, month: str) -> Run:
        """Run the month, and see to it that its model goes live."""
        return self.run(month)

    @abstractmethod
    def ask(self) -> pl.DataFrame:
        """customer_id and churn_probability: what is live now says of the customers in `question`, sorted by id."""

    def served(self) -> pl.DataFrame:
        """customer_id and churn_probability: the scored table that a reader finds now."""
        return pl.read_parquet(self.runs / self.name / "predictions.parquet").sort("customer_id")

    def go_back(self) -> WayBack:
        """Make the model live that was so before. Without a better way: train it again."""
        run, seconds = timed(lambda: self.run(LAST))
        return WayBack([f"the whole run, with --month {LAST}"], run.stages, seconds)

    def table(self, table: str, month: str) -> Path:
        """The folder of a table of the lake, which may not be there."""
        return partition(self.lake, table, month)

    def records(self) -> list[Record]:
        """What the engine itself has kept of the runs since `restore`; a script keeps nothing."""
        return []

    def forget_runs(self) -> None:
        """Take away what the engine remembers of its runs."""
        raise NotImplementedError(f"{self.name} remembers no runs")

    def forget_models(self) -> None:
        """Take away the models that are kept beside the live one."""
        raise NotImplementedError(f"{self.name} keeps no models")

    def leftovers(self) -> list[str]:
        """What a killed run has left lying around."""
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
        """The options that every pipeline's command takes."""
        return ["--source", str(self.source), "--runs", str(self.runs), "--month", month]


class Script(Pipeline):
    """A pipeline that is one process, from the first stage to the last."""

    command: tuple[str, ...]  # a module, and what comes before the world's options
    dies_at: tuple[str, int]  # in train: see contrast/killed.py

    def run(self, month: str) -> Run:
        return self._run_of(self.call("-m", *self.command, *self.world(month)))

    def run_and_kill_train(self, month: str) -> None:
        text, count = self.dies_at
        done = self.call("-m", "contrast.killed", text, str(count), *self.command, *self.world(month))
        if done.returncode != KILLED:
            raise RuntimeError(f"{self.name} was to be killed in train, and ended with {done.returncode}: {self.log}")

    def _run_of(self, done: "subprocess.CompletedProcess[str]") -> Run:
        if done.returncode:
            return Run(False, {}, last_line(done.stderr))
        report = json.loads((self.runs / self.name / "report.json").read_text(encoding="utf-8"))
        return Run(True, executed(report["stages"]), last_line(done.stdout))


def executed(stages: list[dict[str, Any]]) -> dict[str, float]:
    return {stage["name"]: stage["seconds"] for stage in stages if stage["status"] == "ok"}


def last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def python_of(environment: str) -> str:
    """The environment's own Python; else the one that runs this, as in the tests, whose environment has it all."""
    own = REPOSITORY / ".venv" / environment / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def environment_variables() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "AIRFLOW", "PYTHON"))}
    return {**ours, "COLUMNS": "200"}


def newest(lake: Path, table: str) -> Path:
    return partition(lake, table, months_of(lake, table)[-1])


def copy(folder: Path, to: Path) -> None:
    """With owners and times, which steps in containers and checks for freshness go by."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)
