"""`make docs`: the site is served to its own pages alone, and rebuilt when a file changes."""

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from churn.harness.processes import wait_until
from tests.docs.conftest import ROOT
from tests.foreign_page import answers, attack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-W", "ignore", "-m", "tools.docs.serve"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = next(found[0] for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        try:
            wait_until(lambda: is_up(address), 180, "the site is not served")
            yield address
        finally:
            server.terminate()
            server.communicate(timeout=60)


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/glossary/", timeout=60).is_success
    except httpx.TransportError:
        return False


def test_requests_of_other_sites_are_refused(address: str) -> None:
    assert answers(address, ["/", "/glossary/", "/assets/site.js"]) == {403}
    assert httpx.get(address.replace("127.0.0.1", "localhost")).status_code == 200


@pytest.mark.browser
def test_a_page_of_another_site_reads_nothing(address: str, browser: Browser) -> None:
    seen = attack(browser, address, ["/glossary/"])
    assert seen.read == []
    assert seen.allowed() == []
    assert len(seen.answered) > 20
