"""The check of prose: what it finds, and what it leaves alone."""

from pathlib import Path

import pytest

from tools.voice import check

LONG = "This sentence has " + "very " * 30 + "many words."


def found(tmp_path: Path, name: str, text: str) -> list[tuple[int, str]]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return [(line, wrong.split(" in '")[0]) for line, wrong, _ in check(file)]


@pytest.mark.parametrize(
    ("name", "text", "violations"),
    [
        ("a.md", "# Title\n\nA pipeline runs.\nIt is run anew.\n", [(4, "anew")]),
        ("a.md", f"A sentence.\n{LONG}\n", [(2, "35 words")]),
        ("a.md", f"- one\n- {LONG}\n", [(2, "35 words")]),
        ("a.md", "| a | b |\n|---|---|\n| c | run anew |\n", [(3, "anew")]),
        ("a.py", '"""Who runs what."""\n', [(1, "Who")]),
        ("a.py", f'def f():\n    """Return x.\n\n    {LONG}\n    """\n', [(4, "35 words")]),
        ("a.py", "# run it anew\n", [(1, "anew")]),
        ("a.py", 'print(f"{x} is run anew by us")\n', [(1, "anew")]),
        ("a.py", f'print("{LONG}")\n', [(1, "35 words")]),
        ("a.toml", f'text = """\nA line.\n\n{LONG}\n"""\n', [(4, "35 words")]),
        ("a.html", "<p>We run\nit anew</p>", [(2, "anew")]),
        ("Makefile", "run: ## run it anew\n", [(1, "anew")]),
    ],
)
def test_a_violation_is_found_at_its_line(
    tmp_path: Path, name: str, text: str, violations: list[tuple[int, str]]
) -> None:
    assert found(tmp_path, name, text) == violations


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", f"Code is no prose: `anew`.\n\n```\n{LONG} anew\n```\n\n<!-- anew -->\n"),
        ("a.md", 'We write "again", not "anew".\n'),
        ("a.md", "The name stands for a category.\nA function stands in for it, in the month before the last.\n"),
        ("a.md", "Two sentences " + "very " * 14 + ".\nThat follow " + "very " * 14 + "each other.\n"),
        ("a.py", "anew = beside = 1\n"),
        ("a.py", '"""Return one:\n\n    anew anew\n\nLast line.\n"""\n'),
        ("a.py", 'page = "p { color: red; } anew or not anew"\n'),
        ("a.py", 'key = "anew"\n'),
        ("a.json", '{"a": "we run it anew here"}'),
    ],
)
def test_code_names_and_quotations_are_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, name, text) == []
