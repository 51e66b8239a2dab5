"""MLflow: every run is recorded, every model kept as a version, and an alias says which one is live."""

import json
import sqlite3
import subprocess
from contextlib import closing

import polars as pl

from churn.lake import parquet_in
from contrast.pipelines.pipeline import Outcome, Record, Script, WayBack, last_line, newest, timed
from contrast.world import LAST, NEWEST

INSIDE = "contrast.inside.tracking"
RUNS_OF_A_MONTH = """
    SELECT coalesce(stage.value, 'all'), runs.status, coalesce(error.value, '') FROM runs
    JOIN tags AS month ON month.run_uuid = runs.run_uuid AND month.key = 'month' AND month.value = ?
    LEFT JOIN tags AS stage ON stage.run_uuid = runs.run_uuid AND stage.key = 'stage'
    LEFT JOIN tags AS error ON error.run_uuid = runs.run_uuid AND error.key = 'error'
    ORDER BY runs.start_time"""


class Tracking(Script):
    """Its live model is the version with the alias champion."""

    name = "tracking"
    environment = "tracking"
    folders = ("tracking_pipeline",)
    command = (INSIDE, "run")
    dies_at = ("/MLmodel", 3)  # the second trial is being logged, after the baseline and the first one

    def release(self, month: str) -> Outcome:
        """Where the promotion's gate refuses the month's model, a person insists."""
        return self._run_of(self.call("-m", INSIDE, "release", *self.world(month)))

    def _run_of(self, done: "subprocess.CompletedProcess[str]") -> Outcome:
        if done.returncode:
            return Outcome(False, {}, last_line(done.stderr))
        return Outcome(True, json.loads(last_line(done.stdout)), "")

    def ask(self) -> pl.DataFrame:
        answer = self.folder / "answer.parquet"
        self.tell("ask", "--question", str(self.question), "--answer", str(answer))
        return pl.read_parquet(answer, glob=False)

    def served(self) -> pl.DataFrame:
        return pl.read_parquet(parquet_in(newest(self.lake, "live"))).sort("customer_id")

    def go_back(self) -> WayBack:
        command = ["-m", "tracking_pipeline", "rollback"]
        _, seconds = timed(lambda: self.call(*command, *self.world(NEWEST)))
        return WayBack(["python " + " ".join(command)], {}, seconds)

    def records(self) -> list[Record]:
        """The month's runs as they stand in MLflow's database; its own client would set nothing right, but take 2 s."""
        with closing(sqlite3.connect(self.runs / "tracking" / "mlflow.db")) as database:
            return [Record(*row) for row in database.execute(RUNS_OF_A_MONTH, [NEWEST])]

    def leftovers(self) -> list[str]:
        running = sum(record.state == "RUNNING" for record in self.records())
        return [*super().leftovers(), *([f"{running} runs that MLflow shows as running"] if running else [])]

    def forget_models(self) -> None:
        """Delete the version that was live before: a registry that keeps only what is live."""
        self.tell("forget")

    def tell(self, verb: str, *words: str) -> str:
        done = self.call("-m", INSIDE, verb, *self.world(LAST), *words)
        if done.returncode:
            raise RuntimeError(f"{INSIDE} {verb} failed: {done.stderr}")
        return done.stdout
