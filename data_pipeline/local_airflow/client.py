"""Airflow's REST API: what an Airflow is asked, and its records of what ran."""

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Records = list[dict[str, Any]]
TRIES = 5  # of a question that Airflow fails to answer while its SQLite file is locked


class RestApi:
    """Gets itself a token at the first question."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token = ""

    def ask(self, path: str, method: str = "GET", content: dict[str, Any] | None = None, **query: Any) -> Any:
        """What it answers, read from JSON. Raises HTTPError when it refuses, URLError when nobody is there."""
        if not self._token:
            with urlopen(f"{self.url}/auth/token", timeout=30) as answer:
                self._token = json.load(answer)["access_token"]
        request = Request(
            f"{self.url}/api/v2/{path}?{urlencode(query)}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        for tried in range(1, TRIES + 1):
            try:
                with urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except HTTPError as refusal:
                if method != "GET" or refusal.code < 500 or tried == TRIES:
                    raise
            time.sleep(tried)

    def runs(self) -> Records:
        """Every run there has been: dag_id, partition_key, state, start_date, end_date, …"""
        return list(self.ask("dags/~/dagRuns", limit=10_000, order_by="id")["dag_runs"])

    def task_instances(self) -> Records:
        """Every task of every run: dag_id, dag_run_id, task_id, state, duration, try_number, …"""
        return list(self.ask("dags/~/dagRuns/~/taskInstances", limit=10_000)["task_instances"])


def only_the_predictions_failed(runs: Records, month: str) -> bool:
    """Whether the newest runs of the month's exports and features are good, and that of its predictions is not."""
    of_month = [run for run in runs if run["partition_key"] == month]
    newest = {run["dag_id"]: run["state"] for run in sorted(of_month, key=lambda run: run["queued_at"] or "")}
    return newest == {"exports": "success", "features": "success", "predictions": "failed"}
