import shutil
from pathlib import Path

import pytest

from tests.demos import Demos

ROOT = Path(__file__).parents[1]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n`, what needs an engine runs in one process, one test after another: two would take the same port, or
    tidy away each other's images. Else a folder stays together, for its fixtures.
    """
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        fixtures = set(getattr(item, "fixturenames", ()))
        on_an_engine = marks & {"docker", "airflow"} or fixtures & {"demos", "year", "columns"}
        group = "engines" if on_an_engine else item.path.relative_to(ROOT / "tests").parts[0]
        item.add_marker(pytest.mark.xdist_group(group))


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
