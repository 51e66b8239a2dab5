import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.demos import Demos

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
LONGEST_FIRST = ("workflow_pipeline", "data_pipeline", "tracking_pipeline")
BUILD_IMAGES = ("workflow_pipeline", "contrast", "test_same_answer.py")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each folder of tests to one process, the longest first, when `make test` runs several processes.

    The tests of a folder share fixtures that take long to make. All tests that build images are one group, because each
    build removes what interrupted builds left, and could take a running build for one of them.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: [*LONGEST_FIRST, group_of(item)].index(group_of(item)))


def group_of(item: pytest.Item) -> str:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    return "workflow_pipeline" if folder in BUILD_IMAGES else folder


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
    """The demos of a small world, which several tests look at; processes that share the tests share them, too."""
    folder = tmp_path_factory.getbasetemp()
    of_all_processes = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    runs = of_all_processes / "all demos"
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
