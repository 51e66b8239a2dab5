"""The serving image: requests that its own description allows and forbids, then a thousand at once."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from docker import DockerClient
from docker.errors import ContainerError
from playwright.sync_api import Browser

from churn.harness.errors import BadInput
from churn.harness.processes import wait_until
from churn.harness.report import read_report
from churn.harness.same_answer import SAME_ANSWER
from churn.tables import CONTRACTS, PLANS, REGIONS
from tests.browser import Visit
from tests.foreign_page import answers, attack
from workflow_pipeline.engine.runner import STEP_LABEL
from workflow_pipeline.serving.container import build_serving_image, difference_from_graph, serving
from workflow_pipeline.serving.limits import REQUEST_TIMEOUT_S

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def image(client: DockerClient, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = finished / "workflow"
    with (tmp_path_factory.mktemp("log") / "images.log").open("w") as log:
        return build_serving_image(client, folder / "model.skops", read_report(folder / "report.json"), log)[0]


@pytest.fixture(scope="module")
def address(client: DockerClient, image: str, finished: Path) -> Iterator[str]:
    with serving(client, image, finished / "workflow" / "steps") as served:
        yield served.address


@pytest.fixture(scope="module")
def service(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as service:
        yield service


@pytest.fixture(scope="module")
def customers(finished: Path) -> pl.DataFrame:
    steps = finished / "workflow" / "steps"
    files = sorted(steps.glob("churn-*/process/features/month=2025-04/*.parquet"))
    return pl.read_parquet(files, hive_partitioning=False, glob=False).unique("customer_id", maintain_order=True)


@pytest.fixture(scope="module")
def customer(customers: pl.DataFrame) -> dict[str, Any]:
    return customers.drop("month").row(0, named=True)


def refused(service: httpx.Client, body: bytes) -> tuple[int, Any]:
    answer = service.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.is_client_error
    return answer.status_code, answer.json()["detail"]


def test_every_customer_gets_the_answer_of_the_graph(address: str, customers: pl.DataFrame, finished: Path) -> None:
    predictions = pl.read_parquet(finished / "workflow" / "predictions.parquet", glob=False)
    assert difference_from_graph(address, customers, predictions) <= SAME_ANSWER


def test_a_different_answer_is_noticed(address: str, customers: pl.DataFrame, finished: Path) -> None:
    predictions = pl.read_parquet(finished / "workflow" / "predictions.parquet", glob=False)
    with pytest.raises(BadInput, match="the served model differs"):
        difference_from_graph(address, customers, predictions.with_columns(pl.col("churn_probability") + 1e-5))


def test_the_app_describes_its_model(service: httpx.Client, finished: Path) -> None:
    card = service.get("/model").json()
    report = read_report(finished / "workflow" / "report.json")
    assert (card["month"], card["data_fingerprint"]) == (report.month, report.data_fingerprint)
    assert card["scores"] == report.baseline


def test_the_home_page_leads_to_the_api_page(service: httpx.Client) -> None:
    page = service.get("/", follow_redirects=True)
    assert page.url.path == "/docs"
    assert page.is_success


def test_the_example_of_the_api_page_is_answered(service: httpx.Client) -> None:
    schemas = service.get("/openapi.json").json()["components"]["schemas"]
    (example,) = schemas["Customer"]["examples"]
    answer = service.post("/predict", json={"customers": [example]})
    assert answer.status_code == 200, answer.text
    assert 0 <= answer.json()["predictions"][0]["churn_probability"] <= 1


def test_the_words_of_the_api_are_those_of_the_tables(service: httpx.Client) -> None:
    fields = service.get("/openapi.json").json()["components"]["schemas"]["Customer"]["properties"]
    assert {name: tuple(fields[name]["enum"]) for name in ("region", "plan", "contract")} == {
        "region": REGIONS,
        "plan": PLANS,
        "contract": CONTRACTS,
    }


def test_an_app_without_its_model_does_not_start(client: DockerClient, image: str) -> None:
    with pytest.raises(ContainerError, match=r"there is no model file /tmp/model\.skops"):
        client.containers.run(image, environment={"MODEL_FOLDER": "/tmp"}, network_mode="none", remove=True)


@pytest.mark.browser
def test_the_api_page_loads_nothing_from_the_internet(browser: Browser, address: str) -> None:
    window = Visit(browser, address, viewport={"width": 1280, "height": 900})
    window.open("docs")
    window.page.get_by_text("/predict").first.wait_for()
    assert window.page.get_by_role("heading", name="Who will leave next month?").is_visible()
    window.context.close()
    assert window.errors == []
    assert window.asked_elsewhere == []


def test_requests_of_other_sites_are_refused(address: str) -> None:
    assert answers(address, ["/", "/docs", "/health", "/model", "/predict"]) == {403}


@pytest.mark.browser
def test_a_page_of_another_site_reads_nothing(browser: Browser, address: str) -> None:
    seen = attack(browser, address, ["/model", "/predict"])
    assert seen.read == []
    assert seen.allowed() == []
    assert len(seen.answered) > 20


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"minutes_per_day": "many"}, "valid number"),
        ({"minutes_per_day": -1}, "greater than or equal to 0"),
        ({"customer_id": True}, "valid integer"),
        ({"plan": "gold"}, "'basic', 'plus' or 'max'"),
        ({"favourite_colour": "blue"}, "not permitted"),
        ({"usage_trend": None}, "valid number"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    service: httpx.Client, customer: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    code, detail = refused(service, json.dumps({"customers": [{**customer, **change}]}).encode())
    assert code == 422
    assert detail[0]["loc"][-1] == next(iter(change))
    assert reason in detail[0]["msg"]


def test_a_missing_field_is_named(service: httpx.Client, customer: dict[str, Any]) -> None:
    code, detail = refused(service, json.dumps({"customers": [{"customer_id": customer["customer_id"]}]}).encode())
    assert code == 422
    assert {wrong["loc"][-1] for wrong in detail} == set(customer) - {"customer_id"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{bad", b"\xff\xfe", b"[" * 100_000, b'{"customers": [NaN]}', b'{"customers": []}', b"null", b"1e999"],
)
def test_a_body_that_makes_no_sense_is_refused_with_a_reason(service: httpx.Client, body: bytes) -> None:
    code, detail = refused(service, body)
    assert code in (400, 422)
    assert detail


@pytest.mark.parametrize("chunks", [1, 100])  # with and without the header that gives the whole size
def test_a_body_of_10_mb_is_refused(service: httpx.Client, chunks: int) -> None:
    part = b" " * (10_000_000 // chunks)
    answer = service.post(
        "/predict",
        content=part if chunks == 1 else (part for _ in range(chunks)),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert "Content Too Large" in answer.text


@pytest.mark.thorough
def test_a_thousand_requests_at_once_are_answered(service: httpx.Client, customer: dict[str, Any]) -> None:
    def ask(_: int) -> Any:
        return service.post("/predict", json={"customers": [customer]}).raise_for_status().json()

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(1000)))
    assert answers == [answers[0]] * 1000


@pytest.mark.thorough
def test_a_crowd_of_half_requests_is_turned_away_and_forgotten(address: str, service: httpx.Client) -> None:
    place = httpx.URL(address)
    half = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n" + b" " * 60_000
    with ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection((place.host, place.port or 80))) for _ in range(200)]
        for client in crowd:
            client.settimeout(6 * REQUEST_TIMEOUT_S)
            with suppress(ConnectionError):
                client.sendall(half)
        wait_until(lambda: service.get("/health").is_success, 6 * REQUEST_TIMEOUT_S, "the crowd was not forgotten")
        for client in crowd:
            with suppress(ConnectionError):
                assert b"".join(iter(partial(client.recv, 65536), b""))[:13] in (b"", b"HTTP/1.1 503 ")


def test_the_served_model_has_no_way_out(client: DockerClient, image: str, tmp_path: Path) -> None:
    label = {"label": f"{STEP_LABEL}={tmp_path}"}
    with serving(client, image, tmp_path) as served:
        (network,) = client.networks.list(filters=label)
        assert network.attrs["Options"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
        served.container.reload()
        assert list(served.container.attrs["NetworkSettings"]["Networks"]) == [network.name]
        ask = "import socket; socket.getaddrinfo('example.org', 443)"
        assert served.container.exec_run(["python", "-c", ask]).exit_code == 1
    assert client.networks.list(filters=label) == []


@pytest.mark.thorough
def test_schemathesis_finds_nothing(address: str, tmp_path: Path) -> None:
    schemathesis = Path(sys.executable).with_name("schemathesis")
    command = [str(schemathesis), "run", f"{address}/openapi.json", "--max-examples=30", "--seed=1", "--no-color"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_port_that_is_taken_is_named(client: DockerClient, image: str, address: str, tmp_path: Path) -> None:
    taken = int(address.rsplit(":", 1)[1])
    with pytest.raises(BadInput, match=f"port {taken} is taken"), serving(client, image, tmp_path, taken):
        pass
