"""MLflow's pages and its scoring server: a page of a different site starts nothing and reads nothing."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import mlflow
import polars as pl
import psutil
import pytest
from mlflow import MlflowClient
from playwright.sync_api import Browser

from churn.harness.processes import wait_until
from tests.foreign_page import EVIL, answers, attack
from tests.tracking_pipeline.conftest import ROOT
from tests.tracking_pipeline.test_registry import registered
from tracking_pipeline.registry import CHAMPION
from tracking_pipeline.safety.store import open_store
from tracking_pipeline.servers.scoring import ask, champion_server

pytestmark = pytest.mark.slow
API = "/api/2.0/mlflow"
STARTS = [f"{API}/experiments/create", f"{API}/registered-models/create", "/ajax-api/2.0/mlflow/experiments/create"]
SEARCHES = [f"{API}/experiments/search?max_results=9", f"{API}/registered-models/search", "/graphql"]
BODY = '{"name": "evil"}'


def records(client: httpx.Client) -> list[Any]:
    return [client.get(path).raise_for_status().json() for path in SEARCHES[:2]]


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def ui(told: Path) -> Iterator[httpx.Client]:
    """Run `make ui-tracking`, and end it by Ctrl-C with all that it has started."""
    words = [sys.executable, "-m", "tracking_pipeline", "ui", f"--runs={told}"]
    pages = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert pages.stdout is not None
    try:
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", pages.stdout.readline())
        with httpx.Client(base_url=address, timeout=60) as client:
            wait_until(lambda: is_up(client), 120, "MLflow's pages do not answer")
            yield client
    finally:
        started = psutil.Process(pages.pid).children(recursive=True)
        pages.send_signal(signal.SIGINT)
        pages.communicate(timeout=60)
        _, still_running = psutil.wait_procs(started, timeout=60)
        for process in still_running:
            process.kill()
    assert len(started) >= 2, "the server, and the process that watches over it"
    assert not still_running


@pytest.fixture(scope="module")
def scoring(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a model that is live, and yield the server's address."""
    folder = tmp_path_factory.mktemp("scoring")
    open_store(folder, "served")
    try:
        version, _ = registered("served", rows)
        MlflowClient().set_registered_model_alias("served", CHAMPION, str(version.version))
        with champion_server(folder / "server.log") as address:
            yield address.removesuffix("/invocations")
    finally:
        mlflow.set_tracking_uri("")


def test_the_pages_answer_at_the_address_that_is_printed(ui: httpx.Client) -> None:
    assert ui.get("/").status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "10.evil.example", "192.168.evil.example", "127.0.0.1:1"])
def test_mlflow_answers_to_no_name_but_its_own(ui: httpx.Client, name: str) -> None:
    for path in ("/", *SEARCHES):
        assert ui.get(path, headers={"Host": name}).status_code == 403
    for path in STARTS:
        assert ui.post(path, content=BODY, headers={"Host": name}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost.evil.example", "null"])
def test_mlflow_starts_nothing_for_a_page_of_another_site(ui: httpx.Client, origin: str) -> None:
    before = records(ui)
    for kind in ("application/json", "text/plain"):
        for path in STARTS:
            headers = {"Origin": origin, "Content-Type": kind}
            assert ui.post(path, content=BODY, headers=headers).status_code == 403
    for path in SEARCHES:
        assert "access-control-allow-origin" not in ui.get(path, headers={"Origin": origin}).headers
    assert records(ui) == before


@pytest.mark.browser
def test_a_page_of_another_site_starts_nothing_and_reads_nothing_in_mlflow(ui: httpx.Client, browser: Browser) -> None:
    before = records(ui)
    seen = attack(browser, str(ui.base_url).rstrip("/"), [*STARTS[:2], SEARCHES[0]], BODY, origins=[EVIL])
    assert seen.read == []
    assert {method for method, _, _ in seen.allowed()} <= {"GET"}  # MLflow answers; the browser gives it to no page
    assert len(seen.answered) > 20
    assert records(ui) == before


def test_the_scoring_server_refuses_requests_of_other_sites(scoring: str, rows: pl.DataFrame) -> None:
    assert answers(scoring, ["/ping", "/version", "/invocations"]) == {403}
    assert len(ask(f"{scoring}/invocations", rows.head(2))) == 2


@pytest.mark.browser
def test_a_page_of_another_site_reads_nothing_from_the_scoring_server(scoring: str, browser: Browser) -> None:
    seen = attack(browser, scoring, ["/ping", "/invocations"])
    assert seen.read == []
    assert seen.allowed() == []
    assert len(seen.answered) > 20
