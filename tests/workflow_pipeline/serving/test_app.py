"""The serving image: asked everything its own description allows and forbids, then asked a lot at once."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from docker import DockerClient
from playwright.sync_api import Browser

from churn.harness.errors import BadInput
from churn.harness.report import read_report
from tests.browser import Visit
from workflow_pipeline.serving.container import ask, build_serving_image, largest_difference, serving

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def image(client: DockerClient, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = finished / "workflow"
    with (tmp_path_factory.mktemp("log") / "images.log").open("w") as log:
        return build_serving_image(client, folder / "model.skops", read_report(folder / "report.json"), log)[0]


@pytest.fixture(scope="module")
def address(client: DockerClient, image: str, finished: Path) -> Iterator[str]:
    with serving(client, image, finished / "workflow" / "steps") as where:
        yield where


@pytest.fixture(scope="module")
def customers(finished: Path) -> pl.DataFrame:
    files = finished / "workflow" / "steps" / "churn-*" / "process" / "features" / "month=2025-04" / "*.parquet"
    return pl.read_parquet(files, hive_partitioning=False).unique("customer_id", maintain_order=True)


@pytest.fixture(scope="module")
def customer(customers: pl.DataFrame) -> dict[str, Any]:
    return customers.drop("month").row(0, named=True)


def refused(address: str, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request, timeout=60)
    with answer.value as error:
        return error.code, json.load(error)["detail"]


def test_every_customer_gets_the_answer_of_the_graph(address: str, customers: pl.DataFrame, finished: Path) -> None:
    predictions = pl.read_parquet(finished / "workflow" / "predictions.parquet")
    assert largest_difference(address, customers, predictions) <= 1e-6


def test_another_answer_would_be_noticed(address: str, customers: pl.DataFrame, finished: Path) -> None:
    predictions = pl.read_parquet(finished / "workflow" / "predictions.parquet")
    with pytest.raises(BadInput, match="the served model differs"):
        largest_difference(address, customers, predictions.with_columns(pl.col("churn_probability") + 1e-5))


def test_it_says_what_it_serves(address: str, finished: Path) -> None:
    with urllib.request.urlopen(f"{address}/model", timeout=60) as answer:
        card = json.load(answer)
    report = read_report(finished / "workflow" / "report.json")
    assert (card["month"], card["data_fingerprint"]) == (report.month, report.data_fingerprint)
    assert card["scores"] == report.baseline


@pytest.mark.browser
def test_its_page_is_drawn_and_asks_for_nothing_from_elsewhere(browser: Browser, address: str) -> None:
    window = Visit(browser, address, viewport={"width": 1280, "height": 900})
    window.open("docs")
    window.page.get_by_text("/predict").first.wait_for()
    assert window.page.get_by_role("heading", name="Who will leave next month?").is_visible()
    window.context.close()
    assert window.errors == []
    assert window.asked_elsewhere == []


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
    address: str, customer: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    code, detail = refused(address, json.dumps({"customers": [{**customer, **change}]}).encode())
    assert code == 422
    assert detail[0]["loc"][-1] == next(iter(change))
    assert reason in detail[0]["msg"]


def test_a_missing_field_is_named(address: str, customer: dict[str, Any]) -> None:
    code, detail = refused(address, json.dumps({"customers": [{"customer_id": customer["customer_id"]}]}).encode())
    assert code == 422
    assert {one["loc"][-1] for one in detail} == set(customer) - {"customer_id"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{bad", b"\xff\xfe", b"[" * 100_000, b'{"customers": [NaN]}', b'{"customers": []}', b"null", b"1e999"],
)
def test_a_body_that_makes_no_sense_is_refused_with_a_reason(address: str, body: bytes) -> None:
    code, detail = refused(address, body)
    assert code in (400, 422)
    assert detail


def test_a_body_of_10_mb_is_refused(address: str) -> None:
    code, detail = refused(address, b" " * 10_000_000)
    assert (code, detail) == (413, "the body is over 1,000,000 bytes: ask in parts")


def test_a_thousand_requests_at_once_are_answered(address: str, customer: dict[str, Any]) -> None:
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: ask(address, [customer]), range(1000)))
    assert answers == [answers[0]] * 1000


def test_schemathesis_finds_nothing(address: str, tmp_path: Path) -> None:
    schemathesis = Path(sys.executable).with_name("schemathesis")
    command = [str(schemathesis), "run", f"{address}/openapi.json", "--max-examples=30", "--seed=1", "--no-color"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_port_that_is_taken_is_named(client: DockerClient, image: str, address: str, tmp_path: Path) -> None:
    taken = int(address.rsplit(":", 1)[1])
    with pytest.raises(BadInput, match=f"port {taken} is taken"), serving(client, image, tmp_path, taken):
        pass
