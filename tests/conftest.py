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
    """The demos of a small world, which several tests look at; under `make test`, in all of its processes."""
    shared = os.environ.get("TEST_DEMOS")
    return Demos(Path(shared) if shared else tmp_path_factory.mktemp("all demos"))


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
