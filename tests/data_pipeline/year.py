"""Puts a real Airflow through what happens in a year, and writes down its records and the lake's checksums after each.

Run by the tests in the environment that has Airflow: python -m tests.data_pipeline.year FOLDER
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from churn.command import OperatorData
from churn.lake import sha256_of
from churn.pipeline import run
from churn.source import export
from churn.world import World
from data_pipeline.backfills import end_backfill, start_backfill, wait_for_runs
from data_pipeline.delivery import deliver
from data_pipeline.engine import Airflow

WORLD = World(customers=500, months=4)
SCORED = WORLD.all_months()[-1]
OUT_OF_ORDER = ["2025-03", "2025-01", "2025-04", "2025-02"]
BROKEN = "2025-03"


def checksums(lake: Path, *tables: str) -> dict[str, str]:
    """SHA-256 by path, of what a reader of these tables would find."""
    files = [file for table in tables for file in sorted(lake.glob(f"{table}/month=*/**/*")) if file.is_file()]
    return {str(file.relative_to(lake)): sha256_of(file) for file in files}


class Year:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = OperatorData(folder / "source", WORLD.all_months(), WORLD.seed)
        export(WORLD, self.data.source)
        run(self.data.source, folder / "plain", self.data.months, self.data.seed)
        self.airflow = Airflow(folder / "data", self.data.months)
        self.seen: set[str] = set()
        self.notes: dict[str, Any] = {"plain": self.tables(folder / "plain" / "lake")}

    def tables(self, lake: Path) -> dict[str, str]:
        return checksums(lake, "valid", "features", "labels", "training", "predictions")

    def backfill(self, dag: str, month: str, last: str = "", again: str = "none") -> None:
        number = start_backfill(self.airflow, dag, month, last or month, again)
        wait_for_runs(self.airflow)
        end_backfill(self.airflow, number)

    def note(self, name: str) -> None:
        """The tables as they are, and the runs and tasks since the last note."""
        tasks = self.airflow.api.task_instances()
        runs = [run for run in self.airflow.api.runs() if run["dag_run_id"] not in self.seen]
        key = {run["dag_run_id"]: run["partition_key"] for run in runs}
        self.seen |= set(key)
        self.notes[name] = {
            "tables": self.tables(self.airflow.lake),
            "runs": sorted([run["dag_id"], run["partition_key"], run["state"]] for run in runs),
            "tasks": sorted(
                [task["task_id"], key[task["dag_run_id"]], task["state"], task["try_number"]]
                for task in tasks
                if task["dag_run_id"] in key
            ),
        }

    def out_of_order(self) -> None:
        for month in OUT_OF_ORDER:
            self.backfill("exports", month)
        self.backfill("predictions", SCORED)
        self.note("out of order")

    def rerun(self) -> None:
        self.backfill("exports", "2025-02", again="completed")
        self.backfill("predictions", SCORED, again="completed")
        self.note("rerun")

    def late_delivery(self) -> None:
        """The export is not there when it is asked for, and arrives a moment later."""
        export = self.airflow.folder / "source" / "month=2025-02"
        target = export.readlink()
        export.unlink()
        number = start_backfill(self.airflow, "exports", "2025-02", "2025-02", "completed")
        while not any(task["state"] == "up_for_retry" for task in self.airflow.api.task_instances()):
            time.sleep(0.2)
        export.symlink_to(target)
        wait_for_runs(self.airflow)
        end_backfill(self.airflow, number)
        self.note("late delivery")

    def twice_at_once(self) -> None:
        for _ in range(2):
            partition = {"partition_key": "2025-04", "logical_date": None}
            self.airflow.api.ask("dags/exports/dagRuns", "POST", partition)
        wait_for_runs(self.airflow)
        self.note("twice at once")

    def broken(self) -> None:
        deliver(self.data, self.airflow.folder / "source", broken=BROKEN)
        self.backfill("exports", BROKEN, again="completed")
        self.note("broken")
        self.notes["events"] = self.airflow.api.ask("assets/events", limit=1000)["asset_events"]
        self.notes["incidents"] = (self.airflow.folder / "incidents.log").read_text(encoding="utf-8")
        deliver(self.data, self.airflow.folder / "source")
        self.backfill("exports", BROKEN, again="failed")
        self.note("corrected")

    def killed(self) -> None:
        number = start_backfill(self.airflow, "exports", WORLD.first_month, WORLD.last_month, "completed")
        while not any(task["state"] == "running" for task in self.airflow.api.task_instances()):
            time.sleep(0.05)
        self.airflow.components.kill("scheduler")  # with the workers, and the tasks that they are at
        self.airflow.components.start("scheduler")
        wait_for_runs(self.airflow)
        end_backfill(self.airflow, number)
        self.note("killed")


def main() -> None:
    folder = Path(sys.argv[1])
    year = Year(folder)
    with year.airflow.running():
        deliver(year.data, year.airflow.folder / "source")
        chapters = (year.out_of_order, year.rerun, year.late_delivery, year.twice_at_once, year.broken, year.killed)
        for chapter in chapters:
            started = time.monotonic()
            chapter()
            print(f"{chapter.__name__}: {time.monotonic() - started:.0f} s", flush=True)
    (folder / "year.json").write_text(json.dumps(year.notes), encoding="utf-8")


if __name__ == "__main__":
    main()
