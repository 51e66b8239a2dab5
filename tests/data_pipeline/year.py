"""Put a real Airflow through the events of a year; note its records and the lake's checksums after each event.

The tests run this in the environment that has Airflow: python -m tests.data_pipeline.year FOLDER EVENT ...
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from churn.__main__ import solve
from churn.checks.manifest import MANIFEST
from churn.harness.command import OperatorData
from churn.simulator.delivery import deliver
from churn.simulator.exports import export
from churn.simulator.faults import break_export
from churn.simulator.world import World
from churn.storage.atomic import sha256_of
from data_pipeline.local_airflow.backfills import finish_backfill, runs_until_ended, start_backfill
from data_pipeline.local_airflow.start import Airflow
from tests.processes import command_line, descendants

WORLD = World(customers=500, months=4)
SCORED = WORLD.all_months()[-1]
OUT_OF_ORDER = ["2025-03", "2025-01", "2025-04", "2025-02"]
BROKEN = "2025-03"
EVERY_TABLE = ("raw", "valid", "quarantine", "features", "labels", "training", "model", "predictions")
PAGE = 4096  # bytes; what a tmpfs counts in


def checksums(lake: Path, *tables: str) -> dict[str, str]:
    """Return the SHA-256 by path of each file that a reader of these tables would find."""
    files = [file for table in tables for file in sorted(lake.glob(f"{table}/month=*/**/*")) if file.is_file()]
    return {str(file.relative_to(lake)): sha256_of(file) for file in files}


class Year:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = OperatorData(folder / "source", WORLD.all_months(), WORLD.seed)
        export(WORLD, self.data.source)
        solve(self.data, folder / "plain")
        self.airflow = Airflow(folder / "data", self.data.months)
        self.seen: set[str] = set()
        self.notes: dict[str, Any] = {"plain": self.tables(folder / "plain" / "lake")}

    def tables(self, lake: Path) -> dict[str, str]:
        return checksums(lake, "valid", "features", "labels", "training", "predictions")

    def backfill(self, dag: str, month: str, last: str = "", again: str = "none") -> None:
        number = start_backfill(self.airflow, dag, month, last or month, again)
        finish_backfill(self.airflow, number)

    def note(self, name: str) -> None:
        """Note the tables as they are, and the runs and tasks since the last note."""
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
        self.notes["out of order"]["all"] = checksums(self.airflow.lake, *EVERY_TABLE)

    def rerun(self) -> None:
        self.backfill("exports", "2025-02", again="completed")
        self.backfill("predictions", SCORED, again="completed")
        self.note("rerun")
        self.notes["rerun"]["all"] = checksums(self.airflow.lake, *EVERY_TABLE)

    def late_delivery(self) -> None:
        """Let the operator finish the export only after the run's deadline: the manifest comes last."""
        export = self.airflow.folder / "source" / "month=2025-02"
        target = export.readlink()
        export.unlink()
        shutil.copytree(target, export, ignore=shutil.ignore_patterns(MANIFEST))
        number = start_backfill(self.airflow, "exports", "2025-02", "2025-02", "completed")
        while not any(task["state"] == "up_for_retry" for task in self.airflow.api.task_instances()):
            time.sleep(0.2)
        self.let_the_deadline_pass()
        shutil.copyfile(target / MANIFEST, export / MANIFEST)
        finish_backfill(self.airflow, number)
        self.note("late delivery")

    def let_the_deadline_pass(self) -> None:
        """Move the deadline of six hours into the past, in Airflow's database. Airflow does the rest itself."""
        of_this_run = "FROM deadline JOIN dag_run ON dag_run.id = dagrun_id WHERE state = 'running'"
        with closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=60)) as database, database:
            hours = f"SELECT round(24 * (julianday(deadline_time) - julianday(queued_at)), 3) {of_this_run}"
            self.notes["deadline hours"] = [hour for (hour,) in database.execute(hours)]
            database.execute(
                "UPDATE deadline SET deadline_time = '2000-01-01 00:00:00.000000' "
                f"WHERE id IN (SELECT deadline.id {of_this_run})"
            )
        self.notes["overdue"] = self.incident("overdue")

    def incident(self, word: str) -> str:
        """Wait until the newest line of incidents.log contains the word; return the line."""
        log, deadline = self.airflow.folder / "incidents.log", time.monotonic() + 120
        while True:
            lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
            if lines and word in lines[-1]:
                return lines[-1]
            if time.monotonic() > deadline:
                raise TimeoutError(f"no line with {word!r} in {log}: {lines}")
            time.sleep(0.2)

    def twice_at_once(self) -> None:
        for _ in range(2):
            partition = {"partition_key": "2025-04", "logical_date": None}
            self.airflow.api.post("dags/exports/dagRuns", partition)
        *_, all_runs = runs_until_ended(self.airflow)
        runs = [run for run in all_runs if run["dag_run_id"] not in self.seen]
        twins = [run for run in runs if run["dag_id"] == "exports"]
        self.note("twice at once")
        self.notes["twice at once"]["twins"] = [[run["start_date"], run["end_date"]] for run in twins]

    def broken(self) -> None:
        deliver(self.data, self.airflow.folder / "source", broken=BROKEN)
        self.backfill("exports", BROKEN, again="completed")
        self.note("broken")
        self.notes["events"] = self.airflow.api.get("assets/events", limit=1000)["asset_events"]
        self.notes["incident"] = self.incident("exports.validate")
        deliver(self.data, self.airflow.folder / "source")
        self.backfill("exports", BROKEN, again="failed")
        self.note("corrected")

    def disk_full(self) -> None:
        """Put the features on a disk with room for only one more page, then process a month with other rows."""
        features = self.airflow.lake / "features"
        pages = sum(-(-file.stat().st_size // PAGE) for file in features.glob("*/*"))
        kept = features.rename(features.with_name("kept"))
        features.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={(pages + 1) * PAGE}", "tmpfs", str(features)]
        refused = subprocess.run(mount, capture_output=True, text=True, check=False)
        if refused.returncode:
            self.notes["disk full"] = {"no disk to fill": refused.stderr}
        else:
            try:
                shutil.copytree(kept, features, dirs_exist_ok=True)
                self.deliver_other_rows(SCORED)
                self.backfill("exports", SCORED, again="completed")
                self.note("disk full")
                self.notes["disk full"]["last line"] = self.last_line_of_failed("features", "process")
                self.notes["disk full"]["left over"] = [str(path) for path in features.glob(".*")]
            finally:
                subprocess.run(["umount", str(features)], check=True)
        features.rmdir()
        kept.rename(features)
        self.backfill("predictions", SCORED, again="completed")  # its features were made from other valid rows
        self.note("stale")
        if not refused.returncode:
            self.notes["stale"]["last line"] = self.last_line_of_failed("predictions", "build")
        deliver(self.data, self.airflow.folder / "source")

    def deliver_other_rows(self, month: str) -> None:
        """Replace the month's export by one with so few bad rows that the contract holds: its valid rows differ."""
        export = self.airflow.folder / "source" / f"month={month}"
        target = export.readlink()
        export.unlink()
        shutil.copytree(target, export)
        break_export(export, "negative_minutes")

    def last_line_of_failed(self, dag: str, stage: str) -> str:
        failed = [run for run in self.airflow.api.runs() if run["dag_id"] == dag and run["state"] == "failed"]
        run_id = max(failed, key=lambda run: run["start_date"])["dag_run_id"]
        log = self.airflow.home / f"logs/dag_id={dag}/run_id={run_id}/task_id={stage}/attempt=1.log"
        return str(json.loads(log.read_text(encoding="utf-8").splitlines()[-1])["event"])

    def task_killed(self) -> None:
        """Kill a worker, then the process of a task, as the kernel does without memory. The scheduler survives."""
        number = start_backfill(self.airflow, "exports", SCORED, SCORED, "completed")
        self.kill("collect", "airflow worker -- LocalExecutor: ")
        self.kill("process", "airflow worker -- ")
        finish_backfill(self.airflow, number)
        incident = self.notes["incident of the killed"] = self.incident("killed")
        self.note("task killed")
        self.backfill("exports", incident.rpartition("MONTH=")[2], again="completed")
        self.note("after the killed")

    def kill(self, stage: str, title: str) -> None:
        scheduler = self.airflow.processes["scheduler"].pid
        while True:
            for task in self.airflow.api.task_instances():
                if task["task_id"] == stage and task["state"] == "running":
                    for pid in descendants(scheduler):
                        if command_line(pid) == title + task["id"]:
                            os.kill(pid, signal.SIGKILL)
                            return
            time.sleep(0.02)

    def killed(self) -> None:
        number = start_backfill(self.airflow, "exports", WORLD.first_month, WORLD.last_month, "completed")
        while not any(task["state"] == "running" for task in self.airflow.api.task_instances()):
            time.sleep(0.05)
        self.airflow.processes.pop("scheduler").kill()  # with the workers, and the tasks that they are at
        self.airflow.start_component("scheduler")
        finish_backfill(self.airflow, number)
        self.note("killed")


def main() -> None:
    folder, *events = sys.argv[1:]
    year = Year(Path(folder))
    with year.airflow.running():
        deliver(year.data, year.airflow.folder / "source")
        for event in events:
            started = time.monotonic()
            getattr(year, event)()
            print(f"{event}: {time.monotonic() - started:.0f} s", flush=True)
    (year.folder / "year.json").write_text(json.dumps(year.notes), encoding="utf-8")


if __name__ == "__main__":
    main()
