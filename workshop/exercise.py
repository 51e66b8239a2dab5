"""An exercise is a folder in exercises/. Reading it here runs none of its code.

- exercise.toml: title, category, environment, minutes, and the text for learners who have passed
- README.md: story and task
- exercise.py: the starter
- hints.md: one section per hint, each more specific than the last
- check.py: tests the answer in the exercise's environment
- solution.py
- wrong/*.py: plausible wrong answers; a line `Message:` in the docstring has a part of the message that each gets
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from churn.harness.errors import BadInput

ROOT = Path(__file__).parents[1]
EXERCISES = Path(__file__).with_name("exercises")


@dataclass(frozen=True)
class Exercise:
    """One folder; `category` is a key of churn.harness.terminal.COLOURS, `environment` a folder of .venv."""

    folder: Path
    title: str
    category: str
    environment: str
    minutes: int
    starter_message: str
    afterwards: str

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def number(self) -> str:
        return self.name.partition("_")[0]

    @property
    def starter(self) -> Path:
        return self.folder / "exercise.py"

    @property
    def solution(self) -> Path:
        return self.folder / "solution.py"

    def hints(self) -> list[str]:
        """Return the sections of hints.md without their headings."""
        text = (self.folder / "hints.md").read_text(encoding="utf-8")
        return [section.strip() for section in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]]

    def wrong_answers(self) -> dict[Path, str]:
        """Return the plausible wrong answers, with a part of the message that each must get."""
        expected = re.compile(r"^Message: (.+?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
        found = {}
        for file in sorted((self.folder / "wrong").glob("*.py")):
            docstring = re.search(r'"""(.*?)"""', file.read_text(encoding="utf-8"), re.DOTALL)
            match = expected.search(docstring[1]) if docstring else None
            found[file] = " ".join(match[1].split()) if match else ""
        return found


def all_exercises(folder: Path = EXERCISES) -> list[Exercise]:
    return [_read(file.parent) for file in sorted(folder.glob("*/exercise.toml"))]


def exercise_called(text: str) -> Exercise:
    """Return the exercise with that number or name. Raise BadInput, with a list of all, if there is none."""
    exercises = all_exercises()
    for exercise in exercises:
        if text in (exercise.name, exercise.number, exercise.number.lstrip("0")):
            return exercise
    numbers = ", ".join(exercise.number for exercise in exercises)
    raise BadInput(f"there is no exercise '{text}': choose one of {numbers}, for example E={exercises[0].number}")


def _read(folder: Path) -> Exercise:
    return Exercise(folder=folder, **tomllib.loads((folder / "exercise.toml").read_text(encoding="utf-8")))
