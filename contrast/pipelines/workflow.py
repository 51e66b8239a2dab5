"""Containers: an image for each step, a cache that remembers finished steps, and a serving image for each model."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import polars as pl

from contrast.pipelines.pipeline import (
    Outcome,
    Pipeline,
    Record,
    WayBack,
    environment_variables,
    executed,
    last_line,
    python_of,
)

INSIDE = "contrast.inside.workflow"
STEP_ENDED = re.compile(r"Task (?:\033\[\d+m)?'(\w+)'(?:\033\[0m)? finished with status (?:\033\[\d+m)?(\w+)")


class Workflow(Pipeline):
    """The live model is the serving image that was started last."""

    name = "workflow"
    environment = "workflow"
    folders = ("workflow_pipeline",)

    def start(self) -> None:
        self.steps = self.runs / "workflow" / "steps"
        self.live: list[str] = []
        self.live_in: dict[str, list[str]] = {}
        self.made: set[str] = set()

    def keep(self, state: str) -> None:
        super().keep(state)
        self.live_in[state] = [*self.live]

    def put_back(self, state: str) -> None:
        super().put_back(state)
        self.live = [*self.live_in[state]]

    def end(self) -> None:
        """Remove all containers and serving images. The images of the steps stay, as after any run."""
        self.inside("tidy", str(self.steps), *self.made)

    def run(self, month: str) -> Outcome:
        done = self.call("-m", "workflow_pipeline", *self.world(month))
        if done.returncode:
            return Outcome(False, {}, last_line(done.stderr))
        self.live += re.findall(r"^(one-churn-problem/serving:\w+) answered", done.stdout, re.MULTILINE)
        self.made |= {*self.live}
        report = json.loads((self.runs / "workflow" / "report.json").read_text(encoding="utf-8"))
        return Outcome(True, executed(report["stages"]), last_line(done.stdout))

    def run_and_kill_train(self, month: str) -> None:
        """Run, and kill the container of `train`. The Docker engine and our command keep running."""
        watcher = [python_of(self.environment), "-m", INSIDE, "kill", str(self.steps)]
        with subprocess.Popen(watcher, cwd=self.code.place, env=environment_variables()) as killer:
            try:
                run = self.run(month)
            finally:
                killer.terminate()
        if run.ok or "SIGKILL" not in run.message:
            raise RuntimeError(
                f"workflow should have been killed in train, but ended with '{run.message}' ({self.log})"
            )

    def ask(self) -> pl.DataFrame:
        """Ask over HTTP, as any caller would."""
        answer = self.folder / "answer.parquet"
        if not self.inside("ask", str(self.steps), self.live[-1], str(self.question), str(answer)):
            raise RuntimeError(f"{self.live[-1]} does not answer: {self.log}")
        return pl.read_parquet(answer, glob=False)

    def go_back(self) -> WayBack:
        """Start the previous serving image."""
        before, started = self.live[-2], time.perf_counter()
        if self.inside("start", str(self.steps), before):
            self.live.append(before)
        return WayBack(["docker run, with the tag of the image before"], {}, time.perf_counter() - started)

    def table(self, table: str, month: str) -> Path:
        """Return the newest artifact of that name that has the month."""
        found = sorted(self.steps.glob(f"churn-*/*/{table}/month={month}"), key=lambda path: path.stat().st_mtime)
        return found[-1] if found else self.steps / table / f"month={month}"

    def records(self) -> list[Record]:
        """Return what the log of the newest run records."""
        log = (self.runs / "workflow" / "log.txt").read_text(encoding="utf-8")
        why = re.findall(r"ContractBroken: (.+)$", log, re.MULTILINE)
        ended = STEP_ENDED.findall(log)
        return [Record(step, state, why[-1] if why and state == "FAILURE" else "") for step, state in ended]

    def leftovers(self) -> list[str]:
        """Return containers, and the files of steps that the cache does not have as finished."""
        remembered = "".join(entry.read_text(encoding="utf-8") for entry in (self.steps / "cache").glob("*.json"))
        unfinished = [
            step.name for step in self.steps.glob("churn-*/*") if json.dumps(f"{step}/")[1:-1] not in remembered
        ]
        done = self.call("-m", INSIDE, "containers", str(self.steps))
        return [*done.stdout.split(), *(f"files of the step {step}" for step in unfinished)]

    def forget_runs(self) -> None:
        shutil.rmtree(self.steps / "cache")

    def forget_models(self) -> None:
        self.inside("tidy", str(self.steps), self.live[-2])

    def inside(self, *words: str) -> bool:
        return self.call("-m", INSIDE, *words).returncode == 0
