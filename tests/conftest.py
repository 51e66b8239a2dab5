import shutil
from pathlib import Path

import pytest

from tests.demos import Demos

ROOT = Path(__file__).parents[1]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares an engine, a fixture that takes long, or a folder stays in one process when `-n` starts several."""
    for item in items:
        shared = {"demos", "year"} & set(getattr(item, "fixturenames", ()))
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        item.add_marker(pytest.mark.xdist_group(min(shared, default=folder)))


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
    """The demos of a small world, which several tests look at."""
    return Demos(tmp_path_factory.mktemp("all demos"))
