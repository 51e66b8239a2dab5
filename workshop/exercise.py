"""An exercise is a folder in exercises/. What is said of it here is read without running any of it.

exercises/01_too_good/
exercise.toml    title, category, environment, minutes, and what is said when it is passed
README.md        story and task
exercise.py      what a learner starts from
hints.md         one section per hint, each saying more than the one before
check.py         asks the answer questions, in the exercise's environment
solution.py
wrong/*.py       plausible answers that are wrong; the docstring says what each of them is told
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
    starter_is_told: str
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
        """The sections of hints.md, without their headings."""
        text = (self.folder / "hints.md").read_text(encoding="utf-8")
        return [section.strip() for section in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]]

    def wrong_answers(self) -> dict[Path, str]:
        """Plausible answers, and a part of what each must be told."""
        told = re.compile(r"^Is told: (.+?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
        found = {}
        for file in sorted((self.folder / "wrong").glob("*.py")):
            docstring = re.search(r'"""(.*?)"""', file.read_text(encoding="utf-8"), re.DOTALL)
            match = told.search(docstring[1]) if docstring else None
            found[file] = " ".join(match[1].split()) if match else ""
        return found


def all_exercises(folder: Path = EXERCISES) -> list[Exercise]:
    return [_read(file.parent) for file in sorted(folder.glob("*/exercise.toml"))]


def exercise_called(text: str) -> Exercise:
    """The exercise of that number or name; raise BadInput, saying which there are, if there is none."""
    exercises = all_exercises()
    for exercise in exercises:
        if text in (exercise.name, exercise.number, exercise.number.lstrip("0")):
            return exercise
    there = ", ".join(exercise.number for exercise in exercises)
    raise BadInput(f"there is no exercise '{text}': choose one of {there}, for example E={exercises[0].number}")


def _read(folder: Path) -> Exercise:
    return Exercise(folder=folder, **tomllib.loads((folder / "exercise.toml").read_text(encoding="utf-8")))
