"""Write files and folders so that a reader finds the old version or the new one, never half of one.

A folder is written under a hidden name next to its place, and the two change places. On Linux that is one step of the
file system, so a reader always finds a folder. Elsewhere it takes two renames, and for an instant there is none.
A killed run leaves only hidden folders behind, which `sweep` removes.
Readers take no lock: a reader that still has the old folder open sees its files disappear.
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

RENAME_EXCHANGE, AT_FDCWD = 2, -100  # see renameat2(2)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to. It takes the place of `folder` when the block ends without an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    written = hidden_beside(folder)
    written.mkdir()
    try:
        yield written
        swap_in(written, folder)
    finally:
        shutil.rmtree(written, ignore_errors=True)


def swap_in(written: Path, folder: Path) -> None:
    """Put the folder `written` in the place of `folder`, on the same file system. Of two runs at once, one wins."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _exchanged(written, folder):
        shutil.rmtree(written, ignore_errors=True)  # now the old version
        return
    retired = hidden_beside(folder, "retired")
    while True:
        with suppress(FileNotFoundError):
            folder.rename(retired)
        try:
            written.rename(folder)
        except OSError as error:
            if error.errno not in (ENOTEMPTY, EEXIST):  # not another run that came first: put the old version back
                with suppress(OSError):
                    retired.rename(folder)
                raise
        else:
            return
        finally:
            shutil.rmtree(retired, ignore_errors=True)


def _exchanged(first: Path, second: Path) -> bool:
    """Exchange two folders in one step. Return False if one is missing, or if the system has no such step."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    names = AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second)
    return bool(renameat2 and renameat2(*names, RENAME_EXCHANGE) == 0)


def sweep(lake: Path) -> list[Path]:
    """Clean up after a killed run: put back a folder caught between two renames, delete half-written ones.

    Returns the hidden folders that it found. Call it when nothing else writes to this lake.
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
    """Write a text file. A reader finds the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = hidden_beside(path)
    try:
        hidden.write_text(content, encoding="utf-8")
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hidden_beside(place: Path, suffix: str = "new") -> Path:
    """Return an unused hidden path next to `place`, on the same file system."""
    return place.with_name(f".{place.name}.{uuid4().hex[:8]}.{suffix}")
