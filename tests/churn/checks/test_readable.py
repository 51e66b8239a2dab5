"""A folder or a file that this user may not read is named, and is never taken for an empty one."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from churn.collect import collect
from churn.harness.errors import BadInput
from churn.lake import months_of
from churn.storage.months import month_range
from churn.validate import validate
from tests.churn.small_world import MONTHS

NOBODY = 65534
MONTH = MONTHS[2]


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Give up root's right to read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_place(operator: Path) -> Iterator[Path]:
    """A folder with exports that everyone may read, where pytest's own folders are closed."""
    with TemporaryDirectory() as name:
        place = Path(name)
        shutil.copytree(operator / "source", place / "source")
        (place / "lake").mkdir()
        place.chmod(0o755)
        (place / "lake").chmod(0o777)
        yield place


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
def test_a_pipe_or_a_folder_in_place_of_a_file_is_named_at_once(
    open_place: Path, make: Callable[[Path], object]
) -> None:
    file = open_place / "source" / f"month={MONTH}" / "usage" / "part-00000.parquet"
    file.unlink()
    make(file)
    with pytest.raises(BadInput, match=r"part-00000\.parquet is not a file: put the operator's file there"):
        collect(open_place / "source", open_place / "lake", MONTH)


@pytest.mark.parametrize(
    "closed", [".", f"month={MONTH}", f"month={MONTH}/usage", f"month={MONTH}/usage/part-00000.parquet"]
)
@pytest.mark.parametrize("mode", [0o000, 0o100, 0o400])  # nothing, only enter, only list
def test_what_may_not_be_read_is_named(open_place: Path, closed: str, mode: int) -> None:
    refused = open_place / "source" / closed
    before = refused.stat().st_mode
    if refused.is_file() and mode == 0o400:
        pytest.skip("a file that can be read can be collected")
    refused.chmod(mode >> 6 if os.geteuid() == 0 else mode)  # what others may do, or what we may
    try:
        with an_ordinary_user(), pytest.raises(BadInput, match=r"^permission denied: \S+/source.* cannot be read"):
            collect(open_place / "source", open_place / "lake", "2024-01" if closed == "." else MONTH)
    finally:
        refused.chmod(before)
    assert months_of(open_place / "lake", "raw") == []
    collect(open_place / "source", open_place / "lake", MONTH)


def test_a_table_of_the_lake_that_may_not_be_read_is_not_called_missing(open_place: Path) -> None:
    collect(open_place / "source", open_place / "lake", MONTH)
    table = open_place / "lake" / "raw" / f"month={MONTH}" / "usage"
    table.chmod(0o000)
    try:
        for folder in (open_place / "lake" / "raw", open_place / "lake" / "raw" / f"month={MONTH}"):
            folder.chmod(0o755)
        with an_ordinary_user(), pytest.raises(BadInput, match=r"permission denied: \S+/usage cannot be read"):
            validate(open_place / "lake", MONTH)
    finally:
        table.chmod(0o755)


def test_a_range_ends_with_the_calendar() -> None:
    assert month_range("9999-11", "9999-12") == ["9999-11", "9999-12"]
