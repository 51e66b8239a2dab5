"""`make ui-dagster`: Dagster's own pages, which answer to no page of a different site, and which nothing outlives."""

import json
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from churn.harness.processes import wait_until
from tests.data_pipeline.conftest import pages, run
from tests.demos import CUSTOMERS, MONTH, Demos
from tests.foreign_page import answers, attack

pytestmark = pytest.mark.slow
LAUNCH = """mutation { launchRun(executionParams: {
  selector: {repositoryLocationName: "data_pipeline.in_dagster.assets", repositoryName: "__repository__",
    jobName: "exports_job"},
  runConfigData: "{}", mode: "default", executionMetadata: {tags: [{key: "dagster/partition", value: "2025-01"}]}
}) { __typename } }"""
BODY = json.dumps({"query": LAUNCH})
MUTATION = f"/graphql?query={quote(LAUNCH)}"
PATHS = ["/", "/graphql", MUTATION, "/server_info", "/report_asset_materialization/valid?partition=2025-01"]


@pytest.fixture(scope="module")
def runs(demos: Demos, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the demo's run, which a test may change."""
    demos.run("data-dagster")
    folder = tmp_path_factory.mktemp("ui")
    shutil.copytree(demos.runs / "data-dagster", folder / "data-dagster", symlinks=True)
    return folder


def words(runs: Path) -> tuple[str, ...]:
    return ("dagster", "data_pipeline.in_dagster.demo", "--ui", "--runs", str(runs))


def address_in(line: str) -> str:
    return re.findall(r"http://127\.0\.0\.1:\d+", line)[0]


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/server_info").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def ui(runs: Path) -> Iterator[httpx.Client]:
    with pages(*words(runs)) as line, httpx.Client(base_url=address_in(line), timeout=60) as client:
        wait_until(lambda: is_up(client), 180, "Dagster's pages do not answer")
        yield client


def asked(ui: httpx.Client, query: str) -> Any:
    return ui.post("/graphql", json={"query": query}).raise_for_status().json()["data"]


def records(ui: httpx.Client) -> Any:
    """Return what a request could have started or made."""
    assets = "assetsOrError { ... on AssetConnection { nodes { assetMaterializations(limit: 100) { runId } } } }"
    return asked(ui, f"{{ runsOrError {{ ... on Runs {{ results {{ runId jobName status }} }} }} {assets} }}")


def test_the_pages_show_the_runs_of_the_demo(ui: httpx.Client) -> None:
    shown = {(run["jobName"], run["status"]) for run in records(ui)["runsOrError"]["results"]}
    assert {("exports_job", "FAILURE"), ("features_job", "SUCCESS"), ("predictions_job", "SUCCESS")} <= shown


def test_requests_of_other_sites_are_refused(ui: httpx.Client) -> None:
    before = records(ui)
    assert answers(str(ui.base_url), PATHS, BODY, **{"Content-Type": "application/json"}) == {403}
    assert records(ui) == before


def test_a_mutation_in_an_address_or_in_plain_text_does_not_run(ui: httpx.Client) -> None:
    """Older browsers send an image's request without any of the headers that tell where it comes from."""
    before = records(ui)
    assert ui.get(MUTATION).status_code == 415
    assert ui.post(MUTATION).status_code == 415
    for kind in ("text/plain", "text/plain; a=application/json", "application/graphql", "multipart/form-data"):
        assert ui.post("/graphql", content=BODY, headers={"Content-Type": kind}).status_code == 415
    assert records(ui) == before


@pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 403), ("null", 403), ("", 101)])
def test_a_websocket_is_opened_by_our_own_pages_alone(ui: httpx.Client, origin: str, status: int) -> None:
    url = urlsplit(str(ui.base_url))
    lines = ["GET /graphql HTTP/1.1", f"Host: {url.netloc}", f"Origin: {origin or f'http://{url.netloc}'}"]
    lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Protocol: graphql-ws", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
    with socket.create_connection(("127.0.0.1", url.port or 0), timeout=60) as connection:
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(100).split()[1] == str(status).encode()


@pytest.mark.browser
def test_a_page_of_another_site_starts_nothing_and_reads_nothing(ui: httpx.Client, browser: Browser) -> None:
    before = records(ui)
    seen = attack(browser, str(ui.base_url).rstrip("/"), ["/graphql", MUTATION], BODY)
    assert seen.read == []
    assert seen.allowed() == []
    assert len(seen.answered) > 30
    assert records(ui) == before


@pytest.mark.thorough
@pytest.mark.usefixtures("ui")
def test_the_demo_does_not_run_under_open_pages(runs: Path, demos: Demos) -> None:
    (runs / "world").symlink_to(demos.runs / "world")
    module, world = words(runs)[1], [f"--customers={CUSTOMERS}", f"--month={MONTH}"]
    refused = run("dagster", "-m", module, *world, "--runs", str(runs))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: Dagster is running in {runs / 'data-dagster'}: "
        "wait for it, or stop it first (Ctrl-C where it was started)\n"
    )


def test_a_run_that_is_launched_in_the_pages_runs(ui: httpx.Client) -> None:
    before = {run["runId"] for run in records(ui)["runsOrError"]["results"]}
    assert asked(ui, LAUNCH) == {"launchRun": {"__typename": "LaunchRunSuccess"}}

    def ended() -> bool:
        new = [run for run in records(ui)["runsOrError"]["results"] if run["runId"] not in before]
        return [run["status"] for run in new] == ["SUCCESS"]

    wait_until(ended, 240, "the run did not succeed", pause=0.5)


@pytest.mark.thorough
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGHUP])
def test_nothing_outlives_the_pages_however_they_end(demos: Demos, tmp_path: Path, end: signal.Signals) -> None:
    demos.run("data-dagster")
    shutil.copytree(demos.runs / "data-dagster", tmp_path / "data-dagster", symlinks=True)
    with pages(*words(tmp_path), end=end) as line:
        assert address_in(line)
