import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.demos import Demos
from tests.processes import let_children_heed_signals

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
settings.register_profile("patient", settings(), deadline=None)  # no test measures time: a machine may be busy
settings.load_profile("patient")
let_children_heed_signals()
os.environ.pop("COLUMNS", None)  # pytest-xdist sets it; the tests read output as it is in a log
LONGEST_FIRST = ("workflow_pipeline", "data_pipeline", "test_same_answer.py", "tracking_pipeline", "docs")
# Their subfolders share no fixture that takes long: each is for itself.
WITHOUT_ENGINE = ("churn", "model_pipeline", "notebooks")


class ByFolder(LoadScopeScheduling):
    """Give each folder of tests to one process: its tests share fixtures that take long to make.

    The marker xdist_group would be shorter, but pytest-xdist 3.8 writes the group into an attribute that pytest 9.2 no
    longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    config.option.loadscopereorder = False  # it would start with the folder that has most tests
    return ByFolder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders that take longest first, so that no process works on one of them alone at the end."""
    items.sort(key=lambda item: [*LONGEST_FIRST, group_of(item.nodeid)].index(group_of(item.nodeid)))


def group_of(nodeid: str) -> str:
    path = nodeid.partition("::")[0]
    folder = path.split("/")[1]
    if folder in WITHOUT_ENGINE:
        return path.rpartition("/")[0]
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy with a space in its path: what make needs, and nothing built."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return folder


@pytest.fixture(scope="session")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Demos:
    """The demos of a small world, which several tests look at; processes that share the tests share them, too.

    The name of their folder has characters that mean something in a URL, in a pattern for files, and in a shell.
    """
    folder = tmp_path_factory.getbasetemp()
    of_all_processes = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    runs = of_all_processes / "all demos of feature%2F[2026] ü?"
    runs.mkdir(exist_ok=True)
    return Demos(runs)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    from tests.browser import started  # which most tests need not wait for
    from tools.docs.chromium import chromium

    program = chromium()
    if not program:
        missing = "no Chromium: sudo apt install chromium"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    with started(str(program)) as found:
        yield found
