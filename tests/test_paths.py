"""Every file and folder that a page or an exercise names in backticks exists."""

import re
from pathlib import Path

import pytest

from tests.test_house import ROOT, project_files

NAMED = re.compile(r"`([\w.-]+/[\w./-]+|\w+\.py)`")  # a path with a folder, or a Python file
MADE_LATER = ("runs/", ".venv/", "workshop/answers/", "answers/", "lake/", "exports/", "table/")
ELSEWHERE = {
    "mlflow/server/jobs/_periodic_tasks_consumer.py",  # in MLflow
}
FILES = {path.relative_to(ROOT).as_posix() for path in project_files()}
THERE = FILES | {parent.as_posix() for name in FILES for parent in Path(name).parents}
PAGES = sorted(
    name for name in FILES if name.endswith(".md") or re.fullmatch(r"workshop/exercises/\w+/\w+\.(toml|py)", name)
)


@pytest.mark.parametrize("page", PAGES)
def test_paths_named_in_a_page_exist(page: str) -> None:
    named = set(NAMED.findall((ROOT / page).read_text(encoding="utf-8"))) - ELSEWHERE
    ours = {name.rstrip("/") for name in named if not name.startswith(MADE_LATER)}
    assert {name for name in ours if not any(f"/{path}".endswith(f"/{name}") for path in THERE)} == set()
