"""A hidden folder for the exports that are still being written, which no other run sweeps away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from churn.storage.atomic import hidden_beside, sweep


@contextmanager
def staging_beside(place: Path) -> Iterator[Path]:
    """Give a hidden folder to write to, next to `place`, and remove what killed runs left there.

    Each staging folder holds a lock while its process lives. A folder whose lock is free belongs to a dead process.
    """
    with suppress(OSError):  # two runs may sweep at once, and the second finds nothing left
        sweep(place.parent)
    for other in place.parent.glob(f".{place.name}.*.staging"):
        with suppress(Timeout, FileNotFoundError), FileLock(other / ".lock", blocking=False):
            shutil.rmtree(other, ignore_errors=True)
    staging = hidden_beside(place, "staging")
    try:
        with FileLock(staging / ".lock"):  # creates the folder
            yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
