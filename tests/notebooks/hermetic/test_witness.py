"""A second witness: what strace sees a notebook open and write, next to what it has declared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demos import ROOT, environment_python
from tests.notebooks.conftest import HERE

pytestmark = [pytest.mark.slow, pytest.mark.thorough]
OPENED = re.compile(r'^\d+ +(?:open|openat|creat)\((?:AT_FDCWD, )?"([^"]+)", ([A-Z_|]+).*\) = \d+$', re.MULTILINE)
PROGRAM = """
import sys
from pathlib import Path

from notebooks.hermetic.cells import read_notebook
from notebooks.hermetic.declared import declared_by
from notebooks.hermetic.execute import Settings, execute
from notebooks.hermetic.sandbox import REPOSITORY, USUAL, sandbox

path, folder, log, caches, wall = sys.argv[1:]
notebook = read_notebook(Path(path))
declared = declared_by(notebook, sys.executable, {}, {"PYTHONPATH": str(REPOSITORY)})
settings = Settings(sys.executable, Path(caches), [REPOSITORY], with_wall=wall == "wall", strace_log=Path(log))
with sandbox(Path(folder), declared.inputs, declared.outputs) as place:
    done = execute(notebook, place, USUAL, settings)
    print(place.base)
    print(done.failure or "finished")
"""


def opened_by(notebook: Path, folder: Path, tmp_path: Path, wall: str = "wall") -> tuple[set[str], str]:
    """Run a notebook under strace. Return the files of the person that it opened, and how it ended."""
    if not shutil.which("strace"):
        missing = pytest.fail if os.environ.get("CI") == "true" and sys.platform == "linux" else pytest.skip
        missing("no strace: sudo apt install strace")
    log, caches = tmp_path / "strace.log", tmp_path / "caches"
    command = [environment_python("notebooks"), "-c", PROGRAM, *map(str, (notebook, folder, log, caches, wall))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    base, ended = done.stdout.splitlines()[-2:]
    found = OPENED.findall(log.read_text(encoding="utf-8", errors="replace"))
    assert found, "strace saw nothing"
    of_person = {
        os.path.realpath(path) for path, _ in found if os.path.realpath(path).startswith(str(folder.resolve()))
    }
    written = {
        path
        for path, how in found
        if re.search("O_WRONLY|O_RDWR|O_CREAT", how) and not path.startswith((base, str(caches), "/dev/", "/proc/"))
    }
    assert {path for path in written if Path(path).is_absolute()} == set()
    return of_person, ended


def test_a_notebook_opens_its_inputs_and_nothing_else_of_the_person(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(HERE / "good", tmp_path / "theirs"))
    found, ended = opened_by(folder / "with_pandas.py", folder, tmp_path)
    assert ended == "finished"
    assert found == {str(folder / "data" / "customers.csv")}


def test_the_witness_sees_what_the_wall_refuses(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(HERE / "good", tmp_path / "theirs"))
    text = (folder / "with_pandas.py").read_text(encoding="utf-8")
    prices = folder / "data" / "prices.csv"
    (folder / "reads.py").write_text(f'{text}\n# %%\nimport polars\npolars.read_csv("{prices}")\n', encoding="utf-8")
    found, ended = opened_by(folder / "reads.py", folder, tmp_path, wall="none")
    assert (ended, str(prices) in found) == ("finished", True)
    if sys.platform == "linux":
        found, ended = opened_by(folder / "reads.py", folder, tmp_path)
        assert ended.startswith("PermissionError")
        assert str(prices) not in found
