"""A client for Airflow's REST API: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html."""

from typing import Any

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_incrementing

Records = list[dict[str, Any]]


def is_server_error(error: BaseException) -> bool:
    """Return whether Airflow could not answer, as happens while its SQLite file is locked."""
    return isinstance(error, httpx.HTTPStatusError) and error.response.is_server_error


class RestApi:
    """Airflow's REST API at one address. Each method returns the answer's JSON and raises httpx.HTTPError."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v2/", timeout=60, trust_env=False)

    @retry(
        retry=retry_if_exception(is_server_error),
        stop=stop_after_attempt(5),
        wait=wait_incrementing(start=1, increment=1),
        reraise=True,
    )
    def get(self, path: str, **query: Any) -> Any:
        return self._answer("GET", path, params=query)

    def post(self, path: str, content: dict[str, Any]) -> Any:
        return self._answer("POST", path, json=content)

    def put(self, path: str) -> Any:
        return self._answer("PUT", path)

    def _answer(self, method: str, path: str, **options: Any) -> Any:
        return self._client.request(method, path, **options).raise_for_status().json()

    def runs(self) -> Records:
        """Return every run so far: dag_id, partition_key, state, start_date, end_date and more."""
        return list(self.get("dags/~/dagRuns", limit=10_000, order_by="id")["dag_runs"])

    def task_instances(self) -> Records:
        """Return every task of every run: dag_id, dag_run_id, task_id, state, duration, try_number and more."""
        return list(self.get("dags/~/dagRuns/~/taskInstances", limit=10_000)["task_instances"])


def only_the_predictions_failed(runs: Records, month: str) -> bool:
    """Return whether the newest runs of the month's exports and features succeeded, and that of its predictions not."""
    of_month = [run for run in runs if run["partition_key"] == month]
    newest = {run["dag_id"]: run["state"] for run in sorted(of_month, key=lambda run: run["queued_at"] or "")}
    return newest == {"exports": "success", "features": "success", "predictions": "failed"}
