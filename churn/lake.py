"""The lake: a folder per table and month, replaced as a whole or not at all.

    lake/raw/month=2025-03/usage/part-00000.parquet      what the operator delivered
    lake/features/month=2025-03/features.parquet         what we made of it

A partition is written in a hidden folder beside its place, and the two change places: what stands in a place is whole,
and a killed run leaves nothing but a hidden folder, which `sweep` removes. On Linux that is one step of the file
system, so a reader always finds a partition; elsewhere it is two renames, with none there for an instant in between.
(Readers take no lock: one that is reading the old partition at that moment sees its files go.)
"""

import ctypes
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EEXIST, ENOTEMPTY
from pathlib import Path
from uuid import uuid4

from churn.harness.errors import BadInput

RENAME_EXCHANGE, AT_FDCWD = 2, -100  # see renameat2(2)


def partition(lake: Path, table: str, month: str) -> Path:
    return lake / table / f"month={month}"


def months_of(lake: Path, table: str) -> list[str]:
    """The months that have a partition of `table`, in order."""
    return sorted(folder.name.removeprefix("month=") for folder in (lake / table).glob("month=*"))


def existing_partition(lake: Path, table: str, month: str, made_by: str) -> Path:
    """The partition's folder; raise BadInput, naming the stage that makes it, if it is not there."""
    folder = partition(lake, table, month)
    if not folder.is_dir():
        raise BadInput(f"{table} of {month} is missing in {lake}: run {made_by} for {month} first")
    return folder


@contextmanager
def new_partition(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to; put it in the place of `folder` when the block ends without an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    written = _hidden_beside(folder)
    written.mkdir()
    try:
        yield written
        swap_in(written, folder)
    finally:
        shutil.rmtree(written, ignore_errors=True)


def swap_in(written: Path, folder: Path) -> None:
    """Put the folder `written` in the place of `folder`; both on one file system. Two runs may do so at once: one
    wins.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _exchanged(written, folder):
        shutil.rmtree(written, ignore_errors=True)  # what stood there before
        return
    retired = _hidden_beside(folder, "retired")
    while True:
        with suppress(FileNotFoundError):
            folder.rename(retired)
        try:
            written.rename(folder)
        except OSError as error:
            if error.errno not in (ENOTEMPTY, EEXIST):  # not another run that came first: put back what was there
                with suppress(OSError):
                    retired.rename(folder)
                raise
        else:
            return
        finally:
            shutil.rmtree(retired, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step. False if one is missing, or the system has no such step."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    return bool(renameat2 and renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)


def sweep(lake: Path) -> list[Path]:
    """Tidy up after a killed run: put back a partition that was caught between two renames, delete half-written ones.

    Returns the hidden folders that were found. Call it when nothing else is writing to this lake.
    """
    found = sorted(lake.glob("*/.month=*"))
    for hidden in found:
        place = hidden.with_name(hidden.name.split(".")[1])
        if hidden.name.endswith(".retired") and not place.exists():
            hidden.rename(place)
        else:
            shutil.rmtree(hidden, ignore_errors=True)
    return found


def write_file(path: Path, content: str) -> None:
    """Write a text file so that a reader finds the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = _hidden_beside(path)
    try:
        hidden.write_text(content, encoding="utf-8")
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hidden_beside(place: Path, what: str = "new") -> Path:
    return place.with_name(f".{place.name}.{uuid4().hex[:8]}.{what}")
