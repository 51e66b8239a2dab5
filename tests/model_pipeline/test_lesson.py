"""The lesson can be read alone: it never uses the room for a user's own table, nor the yardstick."""

from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "model_pipeline"
FILES = ["collect", "validate", "process", "build", "train", "deploy", "pipeline", "periods", "campaign"]


@pytest.mark.parametrize("name", FILES)
def test_the_lesson_imports_neither_own_table_nor_yardstick(name: str) -> None:
    text = (LESSON / f"{name}.py").read_text(encoding="utf-8")
    assert "own_table" not in text
    assert "yardstick" not in text
