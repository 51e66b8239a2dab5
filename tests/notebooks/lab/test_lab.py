"""JupyterLab in a real browser: a percent file opens as a notebook, runs in the right place, and stays one."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Browser

from tests.browser import Visit
from tests.demos import ROOT, environment_python
from tests.foreign_page import attack

pytestmark = [pytest.mark.slow, pytest.mark.browser]
OUT = ".jp-Notebook .jp-OutputArea-output"
PATIENCE = 90_000  # milliseconds
NOTEBOOK = """# %% [markdown]
# # Where am I?

# %% tags=["parameters"]
month = "2025-12"

# %%
from pathlib import Path

import churn

print(month, Path.cwd().name, Path(churn.__file__).parent.name)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "shown").mkdir()
    (folder / "shown" / "where.py").write_text(NOTEBOOK, encoding="utf-8")
    shutil.copy(ROOT / "notebooks" / "jupytext.toml", folder / "shown")
    return folder


@pytest.fixture(scope="module")
def printed(place: Path) -> Iterator[str]:
    """Run `make lab`, yield its first line, and end it by Ctrl-C with all that it has started."""
    environment_python("notebooks")
    words = [
        environment_python("lab"),
        "-m",
        "notebooks",
        "lab",
        f"--runs={place / 'runs'}",
        f"--folder={place / 'shown'}",
    ]
    lab = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None
    try:
        yield lab.stdout.readline()
    finally:
        started = psutil.Process(lab.pid).children(recursive=True)
        lab.send_signal(signal.SIGINT)
        lab.communicate(timeout=60)
        _, still_running = psutil.wait_procs(started, timeout=60)
    assert [process.pid for process in still_running] == []


@pytest.fixture(scope="module")
def address(printed: str) -> str:
    found = re.fullmatch(r"open (http://127\.0\.0\.1:\d+)/lab\?token=[\w-]{43}\n", printed)
    assert found, printed
    return found[1]


def test_a_percent_file_opens_as_a_notebook_and_runs_in_the_folder_of_the_runs(
    printed: str, address: str, place: Path, browser: Browser
) -> None:
    visit = Visit(browser, address, viewport={"width": 1280, "height": 900})
    page = visit.page
    try:
        page.goto(printed.split()[1])
        page.dblclick(".jp-DirListing-item >> text=where.py", timeout=PATIENCE)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
        page.wait_for_selector("text=/Python 3 .* Idle/", timeout=PATIENCE)
        assert page.query_selector_all("dialog") == []
        assert "Where am I?" in page.inner_text(".jp-Notebook h1")
        page.click(".lm-MenuBar-itemLabel >> text=Run")
        page.click(".lm-Menu-itemLabel >> text=/^Run All Cells$/")
        page.wait_for_selector(OUT, timeout=PATIENCE)
        assert page.inner_text(OUT).split() == ["2025-12", "runs", "churn"]
        page.keyboard.press("Control+s")
        page.wait_for_selector("text=Saving completed", timeout=PATIENCE)
        assert (visit.errors, visit.asked_elsewhere) == ([], [])
    finally:
        visit.context.close()
    assert (place / "shown" / "where.py").read_text(encoding="utf-8") == NOTEBOOK
    assert sorted(path.name for path in (place / "shown").iterdir()) == ["jupytext.toml", "where.py"]


@pytest.mark.usefixtures("printed")
def test_nobody_gets_in_without_the_token(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/api/contents").status_code == 403
        assert client.post("/api/kernels", json={"name": "python3"}).status_code == 403
        assert client.get("/lab").status_code == 302


def test_the_token_is_in_no_list_of_processes(printed: str) -> None:
    token = printed.strip().partition("token=")[2]
    listed = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert [line for line in listed if token in line] == []


def test_a_page_of_another_site_starts_nothing_and_reads_nothing(
    printed: str, address: str, browser: Browser, place: Path
) -> None:
    paths = ["/lab", "/api/kernels", "/api/contents/where.py", "/api/terminals"]
    before = (place / "shown" / "where.py").read_bytes()
    seen = attack(browser, address, paths)
    assert seen.read == []
    assert [answer for answer in seen.allowed() if "/api/" in answer[1]] == []
    assert (place / "shown" / "where.py").read_bytes() == before
