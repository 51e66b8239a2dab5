"""A client for Airflow's REST API: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html."""

from collections.abc import Generator
from typing import Any

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_incrementing

Records = list[dict[str, Any]]


def is_server_error(error: BaseException) -> bool:
    """Return whether Airflow could not answer, as happens while its SQLite file is locked."""
    return isinstance(error, httpx.HTTPStatusError) and error.response.is_server_error


class Login(httpx.Auth):
    """Get a token for the password at the first request, and a new one when it has expired, after a day.

    https://airflow.apache.org/docs/apache-airflow/stable/security/api.html
    """

    requires_response_body = True

    def __init__(self, url: str, user: str, password: str) -> None:
        self._request = httpx.Request("POST", f"{url}/auth/token", json={"username": user, "password": password})
        self._header = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._header:
            yield from self._log_in()
        request.headers["Authorization"] = self._header
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._log_in()
            request.headers["Authorization"] = self._header
            yield request

    def _log_in(self) -> Generator[httpx.Request, httpx.Response, None]:
        answer = yield self._request
        self._header = f"Bearer {answer.raise_for_status().json()['access_token']}"


class RestApi:
    """Airflow's REST API at one address. Each method returns the answer's JSON and raises httpx.HTTPError."""

    def __init__(self, url: str, user: str, password: str) -> None:
        login = Login(url, user, password)
        self._client = httpx.Client(base_url=f"{url}/api/v2/", auth=login, timeout=60, trust_env=False)

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

    def patch(self, path: str, content: dict[str, Any]) -> Any:
        return self._answer("PATCH", path, json=content)

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
