"""Run a real Airflow in its own environment until standard input ends.

Each line read is a request in JSON, each line written is its answer:
{"verb": "run", "due": ["2025-04"]} gives {"ok": true, "stages": …, "message": …}.
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_pipeline.local_airflow.backfills import finish_backfill, start_backfill
from data_pipeline.local_airflow.client import Records
from data_pipeline.local_airflow.rerun import rerun
from data_pipeline.local_airflow.start import Airflow


class Session:
    """One Airflow, used as its users use it: by backfills."""

    def __init__(self, airflow: Airflow) -> None:
        self.airflow = airflow
        self.since = ""

    def begin(self) -> None:
        """Count runs as new from now on."""
        self.since = now()

    def run(self, due: list[str], kill: str = "") -> dict[str, Any]:
        """Run the exports of these months, everything downstream, and the predictions of the last month.

        With `kill`, kill the process of that task as soon as it runs.
        """
        started = now()
        self.backfill("exports", due[0], due[-1])
        if self.failed(started):
            return self.result(started)
        self.backfill("predictions", due[-1], due[-1], kill)
        return self.result(started)

    def again(self, month: str) -> dict[str, Any]:
        """Do what `make rerun-data` does: run the month again, except for the DAGs that Airflow recorded as done.

        In a DAG that failed, finished tasks run again too. Clearing only the failed task would avoid that, but Airflow
        3.3.2 answers with an error 500 when a DAG has a deadline (https://github.com/apache/airflow/issues/70368).
        """
        started = now()
        rerun(self.airflow, month, month)
        return self.result(started)

    def records(self) -> list[tuple[str, str, str]]:
        """Return the stage, the state, and after a failure the line of incidents.log, of each task."""
        log = self.airflow.folder / "incidents.log"
        incidents = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        return [
            (task["task_id"], task["state"], next((line for line in incidents if f".{task['task_id']} " in line), ""))
            for task in self.tasks(self.since)
        ]

    def forget(self) -> None:
        """Restart Airflow with an empty database."""
        self.airflow.stop()
        for file in self.airflow.home.glob("airflow.db*"):
            file.unlink()
        self.airflow.start()

    def backfill(self, dag: str, first: str, last: str, kill: str = "") -> None:
        started = now()
        number = start_backfill(self.airflow, dag, first, last, again="completed")
        if kill:
            self.kill_when_running(kill, started)
        finish_backfill(self.airflow, number)

    def kill_when_running(self, name: str, since: str) -> None:
        while True:
            for task in self.tasks(since):
                if task["task_id"] == name and task["state"] == "running" and task["pid"]:
                    os.kill(task["pid"], signal.SIGKILL)
                    return
                if task["task_id"] == name and task["state"] == "success":
                    raise RuntimeError(f"{name} finished before we could kill it")
            time.sleep(0.05)

    def runs(self, since: str) -> Records:
        return [run for run in self.airflow.api.runs() if (run["start_date"] or "") >= since]

    def tasks(self, since: str) -> Records:
        return [task for task in self.airflow.api.task_instances() if (task["start_date"] or "") >= since]

    def failed(self, since: str) -> Records:
        return [task for task in self.tasks(since) if task["state"] == "failed"]

    def result(self, since: str) -> dict[str, Any]:
        stages: dict[str, float] = {}
        for task in self.tasks(since):
            stages[task["task_id"]] = stages.get(task["task_id"], 0.0) + (task["duration"] or 0.0)
        failed = [f"{task['task_id']} failed" for task in self.failed(since)]
        return {"ok": not failed, "stages": stages, "message": ", ".join(failed)}


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # so that what Airflow prints is not read as an answer
    folder, *months = sys.argv[1:]
    with Airflow(Path(folder), months).running() as airflow:
        session = Session(airflow)
        for line in sys.stdin:
            words = json.loads(line)
            print(json.dumps(getattr(session, words.pop("verb"))(**words)), file=answers, flush=True)


if __name__ == "__main__":
    main()
