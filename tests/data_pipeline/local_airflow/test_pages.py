"""`make ui-data`: Airflow's pages ask for the printed password, and answer to no page of a different site."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from churn.storage.months import add_months
from tests.data_pipeline.conftest import pages
from tests.demos import MONTH, Demos
from tests.foreign_page import answers, attack

pytestmark = [pytest.mark.airflow, pytest.mark.slow]
STARTS = ["/api/v2/assets/1/materialize", "/api/v2/dags/exports/dagRuns", "/api/v2/connections/defaults"]
RUN = f'{{"partition_key": "{MONTH}", "logical_date": null}}'


@dataclass
class Served:
    """Airflow's pages, the password that they printed, and a client that has logged in with it."""

    home: Path
    address: str
    password: str

    def __post_init__(self) -> None:
        login = {"username": "admin", "password": self.password}
        answer = httpx.post(f"{self.address}/auth/token", json=login, timeout=60).raise_for_status()
        self.token: str = answer.json()["access_token"]
        self.client = httpx.Client(base_url=self.address, timeout=60, headers=self.header)

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def records(self) -> list[Any]:
        """Return what a request could have started or made."""
        paths = ("dags/~/dagRuns", "connections", "backfills?dag_id=exports")
        return [self.client.get(f"/api/v2/{path}").raise_for_status().json() for path in paths]


@pytest.fixture(scope="module")
def ui(demos: Demos, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    demos.run("data")
    runs = tmp_path_factory.mktemp("ui")
    shutil.copytree(demos.runs / "data", runs / "data", symlinks=True)
    with pages("data", "data_pipeline", "ui", "--runs", str(runs)) as line:
        found = re.search(r"(http://127\.0\.0\.1:\d+), user admin, password (\S+) \(", line)
        assert found, line
        served = Served(runs / "data" / "airflow", *found.groups())
        with served.client:
            yield served


def test_the_pages_show_the_runs_of_the_demo(ui: Served) -> None:
    runs = ui.client.get("/api/v2/dags/predictions/dagRuns").raise_for_status().json()["dag_runs"]
    assert {run["partition_key"] for run in runs} == {add_months(MONTH, -1), MONTH}


def test_without_the_password_nothing_is_shown_and_nothing_starts(ui: Served) -> None:
    before = ui.records()
    with httpx.Client(base_url=ui.address, timeout=60) as stranger:
        assert stranger.get("/auth/token").status_code == 403
        wrong = {"username": "admin", "password": "a guess"}
        assert stranger.post("/auth/token", json=wrong).status_code == 401
        for path in ("dags", "dags/predictions/dagRuns", "connections", "variables"):
            assert stranger.get(f"/api/v2/{path}").status_code == 401
        for path in STARTS:
            assert stranger.post(path).status_code == 401
    assert ui.records() == before


def test_requests_of_other_sites_are_refused_even_with_a_token(ui: Served) -> None:
    before = ui.records()
    paths = ["/", "/auth/login", "/api/v2/dags", "/api/v2/monitor/health", "/execution/health", *STARTS]
    assert answers(ui.address, paths, RUN, **ui.header) == {403}
    assert ui.records() == before


@pytest.mark.browser
def test_a_page_of_another_site_starts_nothing_and_reads_nothing(ui: Served, browser: Browser) -> None:
    before = ui.records()
    seen = attack(browser, ui.address, ["/api/v2/dags", *STARTS], RUN, {"name": "_token", "value": ui.token})
    assert seen.read == []
    assert seen.allowed() == []
    assert len(seen.answered) > 50
    assert ui.records() == before


@pytest.mark.browser
def test_a_person_logs_in_with_what_was_printed(ui: Served, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{ui.address}/dags/predictions/runs")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(ui.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text(MONTH).first.wait_for()
    page.close()


def test_the_password_is_in_one_file_that_only_its_owner_reads(ui: Served) -> None:
    (holder,) = [file for file in ui.home.rglob("*") if file.is_file() and ui.password.encode() in file.read_bytes()]
    assert holder.stat().st_mode & 0o077 == 0
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert ui.password not in listed
    assert ui.token not in listed
