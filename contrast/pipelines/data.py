"""Airflow, running all the time as in a team. Between two scenarios we restore the lake, not Airflow."""

import json
import shutil
import subprocess
import time
from typing import Any

import polars as pl

from churn.lake import months_of, parquet_in, partition
from contrast.pipelines.pipeline import (
    Outcome,
    Pipeline,
    Record,
    WayBack,
    copy,
    environment_variables,
    newest,
    python_of,
)
from contrast.world import MONTHS, NEWEST

INSIDE = "contrast.inside.data"


class Data(Pipeline):
    """The data pipeline. Its live answer is the newest partition of `predictions`."""

    name = "data"
    environment = "data"
    folders = ("data_pipeline",)
    airflow: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        self.source = self.runs / "data" / "source"
        self.kept = ("source", "lake")
        with self.log.open("a", encoding="utf-8") as log:
            self.airflow = subprocess.Popen(
                [python_of(self.environment), "-m", INSIDE, str(self.runs / "data"), *MONTHS],
                cwd=self.code.place,
                env=environment_variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.tell("begin")

    def end(self) -> None:
        if self.airflow is not None:
            self.airflow.communicate()  # closes its standard input, at whose end it stops
            self.airflow = None

    def restore(self) -> None:
        super().restore()
        (self.runs / "data" / "incidents.log").unlink(missing_ok=True)
        self.tell("begin")

    def keep(self, state: str) -> None:
        shutil.rmtree(self.folder / state, ignore_errors=True)
        (self.folder / state).mkdir()
        for folder in self.kept:
            copy(self.runs / "data" / folder, self.folder / state / folder)

    def put_back(self, state: str) -> None:
        for folder in self.kept:
            shutil.rmtree(self.runs / "data" / folder)
            copy(self.folder / state / folder, self.runs / "data" / folder)

    def run(self, month: str) -> Outcome:
        there = months_of(self.lake, "features")
        return Outcome(**self.tell("run", due=[past for past in MONTHS if past <= month and past not in there]))

    def run_and_kill_train(self, month: str) -> None:
        self.tell("run", due=[month], kill="train")

    def run_again(self, month: str) -> Outcome:
        """Do what `make rerun-data` does, as the incident suggests."""
        return Outcome(**self.tell("again", month=month))

    def served(self) -> pl.DataFrame:
        return pl.read_parquet(parquet_in(newest(self.lake, "predictions")), hive_partitioning=False)

    def ask(self) -> pl.DataFrame:
        question = pl.read_parquet(self.question, columns=["customer_id"], glob=False)
        return question.join(self.served(), on="customer_id", how="inner", maintain_order="left")

    def go_back(self) -> WayBack:
        """Delete the newest table by hand; readers then find the previous table, if there is one."""
        started = time.perf_counter()
        if len(months_of(self.lake, "predictions")) > 1:
            shutil.rmtree(newest(self.lake, "predictions"))
        return WayBack([f"rm -r lake/predictions/month={NEWEST}"], {}, time.perf_counter() - started)

    def records(self) -> list[Record]:
        return [Record(*record) for record in self.tell("records")]

    def forget_runs(self) -> None:
        """Empty Airflow's database."""
        self.tell("forget")

    def forget_models(self) -> None:
        """Delete the previous table, as in a lake that keeps only the newest."""
        shutil.rmtree(partition(self.lake, "predictions", MONTHS[-2]))

    def tell(self, verb: str, **words: Any) -> Any:
        if self.airflow is None or self.airflow.stdin is None or self.airflow.stdout is None:
            raise RuntimeError("Airflow has not been started")
        self.airflow.stdin.write(json.dumps({"verb": verb, **words}) + "\n")
        self.airflow.stdin.flush()
        if not (answer := self.airflow.stdout.readline()):
            raise RuntimeError(f"Airflow ended at '{verb}': {self.log} says why")
        return json.loads(answer)
