"""A copy of the code for one pipeline to run from, in which a line can be changed, and changed back.

That is how a guard is switched off: the real pipeline runs, in its real containers and workers, but for one line.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Change:
    """One line of one file, or a part of it, and what stands there instead."""

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
        """Raises LookupError when the line is not there exactly once: the code has moved on, the change must follow."""
        path = self.place / change.file
        text = path.read_text(encoding="utf-8")
        if text.count(change.line) != 1:
            raise LookupError(f"{change.file} has '{change.line}' {text.count(change.line)} times: once was expected")
        path.write_text(text.replace(change.line, change.instead), encoding="utf-8")
        self._changed.add(change.file)

    def restore(self) -> None:
        """Every line as it was."""
        for file in self._changed:
            shutil.copyfile(REPOSITORY / file, self.place / file)
        self._changed.clear()
