"""A folder to write to out of sight, that nobody else sweeps away while we live, and somebody will when we are dead."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from churn.lake import sweep


@contextmanager
def staging_beside(place: Path) -> Iterator[Path]:
    """An empty folder to write to, locked as long as we live; what killed runs left behind is swept away."""
    with suppress(OSError):  # of two that tidy up at once, one comes too late
        sweep(place.parent)
    staging = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        with _locked(staging):
            for left_behind in set(place.parent.glob(f".{place.name}.*")) - {staging}:
                with suppress(BlockingIOError, FileNotFoundError), _locked(left_behind):
                    shutil.rmtree(left_behind, ignore_errors=True)
            yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it when we die. Raises BlockingIOError if somebody holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
