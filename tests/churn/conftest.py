import shutil
from pathlib import Path

import pytest

from churn.simulator.exports import export
from churn.simulator.world import World
from tests.churn.small_world import MONTHS, WORLD, export_in_blocks, run_stages


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world's exports and truth: `source/` and `truth/`. Nobody changes them."""
    folder = tmp_path_factory.mktemp("operator")
    export_in_blocks(WORLD, folder / "source")
    return folder


@pytest.fixture(scope="session")
def clean_lake(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All months of the small world through all six stages. Nobody changes it."""
    lake = tmp_path_factory.mktemp("clean") / "lake"
    run_stages(operator / "source", lake, MONTHS)
    return lake


@pytest.fixture
def lake(clean_lake: Path, tmp_path: Path) -> Path:
    """A copy of the clean lake, to be worked on."""
    return Path(shutil.copytree(clean_lake, tmp_path / "lake"))


@pytest.fixture
def source(operator: Path, tmp_path: Path) -> Path:
    """A copy of the exports, without their truth, to be broken."""
    return Path(shutil.copytree(operator / "source", tmp_path / "source"))


@pytest.fixture(scope="session")
def default_operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports and the truth of the world that everybody gets who asks for nothing else."""
    folder = tmp_path_factory.mktemp("default")
    export(World(), folder / "source")
    return folder
