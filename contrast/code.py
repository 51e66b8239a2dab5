"""Copy the code for one pipeline, so that a scenario can change a line and change it back.

This switches off a guard: the real pipeline runs in its real containers and workers, with one different line.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Change:
    """A line of a file, or a part of it, and its replacement."""

    file: str
    line: str
    instead: str


class CodeCopy:
    """A copy of `folders` of this repository."""

    def __init__(self, place: Path, folders: tuple[str, ...]) -> None:
        self.place = place
        shutil.rmtree(place, ignore_errors=True)
        for folder in folders:
            shutil.copytree(REPOSITORY / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
        self._changed: set[str] = set()

    def change(self, change: Change) -> None:
        """Change a line. Raise LookupError if the file does not have it exactly once: then update the change."""
        path = self.place / change.file
        text = path.read_text(encoding="utf-8")
        if text.count(change.line) != 1:
            raise LookupError(f"{change.file} has '{change.line}' {text.count(change.line)} times, expected once")
        path.write_text(text.replace(change.line, change.instead), encoding="utf-8")
        self._changed.add(change.file)

    def restore(self) -> None:
        """Restore every line."""
        for file in self._changed:
            shutil.copyfile(REPOSITORY / file, self.place / file)
        self._changed.clear()
