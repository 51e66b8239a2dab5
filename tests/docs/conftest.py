"""Build the site once, serve it on 127.0.0.1, and open it in one Chromium."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import Visit

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """Return the result of `mkdocs build --strict`. Its last argument is the folder with the site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def site(built: "subprocess.CompletedProcess[str]") -> Path:
    assert built.returncode == 0, built.stderr
    return Path(built.args[-1])


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Visit the site with a desktop window."""
    window = Visit(browser, address, viewport={"width": 1280, "height": 900}, color_scheme="light")
    yield window
    window.context.close()


@pytest.fixture
def visit_by_phone(browser: Browser, address: str) -> Iterator[Visit]:
    phone = Visit(browser, address, viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    yield phone
    phone.context.close()
