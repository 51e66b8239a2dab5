"""A note about a run that has begun. It is removed when the run has finished, so a killed run leaves it behind.

    runs/model/unfinished.json

`make resume` reads these notes: resume.py.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from churn.harness.alive import is_alive
from churn.harness.errors import BadInput
from churn.storage.atomic import write_file

NAME = "unfinished.json"


@dataclass(frozen=True)
class Note:
    """The command of a run, and the process that ran it."""

    command: list[str]  # as it was started: the Python, then its arguments
    folder: str  # where it was started
    began: float  # seconds since 1970
    process: int
    process_began: float

    @property
    def is_running(self) -> bool:
        return is_alive(f"{self.process} since {self.process_began}")


@contextmanager
def unfinished(folder: Path) -> Iterator[None]:
    """Leave a note in `folder` while the block runs; it stays when the block ends with an error, or is killed."""
    command = [sys.executable, *sys.orig_argv[1:]]
    note = Note(command, str(Path.cwd()), time.time(), os.getpid(), psutil.Process().create_time())
    write_file(folder / NAME, json.dumps(asdict(note), indent=1))
    yield
    (folder / NAME).unlink(missing_ok=True)


def read_note(folder: Path) -> Note | None:
    """Return the note in `folder`, or None if there is none. Raises BadInput if it is damaged."""
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        return Note(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BadInput(f"{file} is damaged ({error}): delete it, and run that demo again") from error
