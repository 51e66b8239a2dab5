"""Test every exercise: its starter fails as intended, its solution passes, and each wrong answer gets its message."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from churn.harness.terminal import COLOURS
from tests.workshop.conftest import ROOT, python_of
from workshop.exercise import EXERCISES, Exercise, all_exercises
from workshop.grade import Grade, grade

ALL = all_exercises()
FEWEST_WRONG_ANSWERS = 3
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SLOW = {name: [pytest.mark.slow] for name in ("workflow", "model", "tracking")}
MARKS = {"data": [pytest.mark.airflow, pytest.mark.slow], **SLOW}


def named(exercise: Exercise) -> str:
    return exercise.name


def with_marks() -> list[Any]:
    return [pytest.param(each, id=each.name, marks=MARKS.get(each.environment, [])) for each in ALL]


@pytest.mark.parametrize("exercise", with_marks())
def test_starter_fails_solution_passes_and_wrong_answers_get_their_message(exercise: Exercise) -> None:
    """Grade all of them in one process, because importing the framework takes long."""
    wrong = exercise.wrong_answers()
    files = [exercise.starter, exercise.solution, *wrong]
    grades = dict(zip(files, grade(exercise, files, python_of(exercise.environment), seconds=300), strict=True))
    assert grades[exercise.solution].passed, grades[exercise.solution]
    expected = {exercise.starter: exercise.starter_message, **wrong}
    problems = {file.name: problem for file, words in expected.items() if (problem := without(words, grades[file]))}
    assert problems == {}


def without(words: str, result: Grade) -> str:
    if result.passed:
        return f"passed: {result.message}"
    return "" if words in " ".join(result.message.split()) else f"got: {result.message} {result.trace}"


@pytest.mark.parametrize("exercise", ALL, ids=named)
def test_an_exercise_is_whole(exercise: Exercise) -> None:
    wrong = exercise.wrong_answers()
    assert len(wrong) >= FEWEST_WRONG_ANSWERS
    assert len(set(wrong.values())) >= FEWEST_WRONG_ANSWERS, "three wrong answers with one message count as one"
    assert all(len(words) > 10 for words in [exercise.starter_message, *wrong.values()])
    assert 2 <= len(exercise.hints()) <= 3
    assert all(exercise.hints())
    assert "TODO" in exercise.starter.read_text(encoding="utf-8")
    task = (exercise.folder / "README.md").read_text(encoding="utf-8")
    assert task.startswith(f"# {exercise.number} {exercise.title}\n")
    assert "**Task.**" in task
    assert "**What you will see.**" in task
    assert 10 <= exercise.minutes <= 20
    assert exercise.category in COLOURS


def test_exercises_are_numbered_from_one() -> None:
    assert [exercise.number for exercise in ALL] == [f"{number:02d}" for number in range(1, len(ALL) + 1)]
    assert len(ALL) == len(list(EXERCISES.iterdir()))


def test_each_of_the_four_has_an_exercise() -> None:
    assert {"workflow", "data", "model", "tracking"} <= {exercise.category for exercise in ALL}


@pytest.mark.parametrize("exercise", ALL, ids=named)
def test_an_exercise_imports_only_what_its_environment_has(exercise: Exercise) -> None:
    """The tests grade in an environment with more packages than a learner has."""
    extra = PROJECT["optional-dependencies"].get(exercise.environment, [])
    has = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"] + extra}
    packages = {**packages_distributions(), "airflow": ["apache-airflow"]}
    imported = {name for file in exercise.folder.rglob("*.py") for name in imports(file)}
    others = imported - {"churn", "workshop"} - sys.stdlib_module_names
    missing = {name for name in others if not has & {canonicalize_name(package) for package in packages.get(name, [])}}
    assert missing == set()


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("exercise", ALL, ids=named)
def test_what_an_exercise_points_to_is_there(exercise: Exercise) -> None:
    texts = [file.read_text(encoding="utf-8") for file in exercise.folder.iterdir() if file.is_file()]
    pointed = {path for text in texts for path in re.findall(r"\b((?:churn|\w+_pipeline|tests)/[\w/]+\.\w+)", text)}
    assert pointed
    assert [path for path in sorted(pointed) if not (ROOT / path).is_file()] == []
    functions = re.findall(r"((?:churn|\w+_pipeline)/\w+\.py), (\w+)\b(?!/)", "\n".join(texts))
    defined = re.compile(r"^(?:def )?(\w+)(?: = |\()", re.MULTILINE)
    assert [
        (file, name) for file, name in functions if name not in defined.findall((ROOT / file).read_text("utf-8"))
    ] == []


def test_the_workshop_s_page_lists_the_exercises_as_they_are() -> None:
    page = (ROOT / "workshop" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d+) ([^]]+)\]\(([^)]+)\) \| (\w+) \| (\d+) \|", page, re.MULTILINE)
    assert rows == [
        (each.number, each.title, f"exercises/{each.name}/README.md", each.category, str(each.minutes)) for each in ALL
    ]
