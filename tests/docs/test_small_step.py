"""The small step: every line of the diffs is in a real file, and the calls are the same ones."""

import re

import pytest

from tests.docs.conftest import ROOT
from tests.same_answer import stage_table
from tools.docs.small_step import STEPS, as_markdown, cell_of, on_page_markdown

FOLDERS = [f"{name}_pipeline" for name in STEPS]


@pytest.mark.parametrize("stage", stage_table())
def test_every_added_line_is_in_the_file_that_the_diff_names(stage: str) -> None:
    page = as_markdown(stage)
    diffs = re.findall(r'^```diff title="\d\d_(\w+)\.py → (\S+)"\n(.+?)^```$', page, re.MULTILINE | re.DOTALL)
    assert [file for _, file, _ in diffs] == [f"{folder}/{stage}.py" for folder in FOLDERS]
    for name, file, diff in diffs:
        theirs = (ROOT / file).read_text(encoding="utf-8").splitlines()
        ours = next((ROOT / "notebooks").glob(f"*_{name}.py")).read_text(encoding="utf-8").splitlines()
        assert {line[1:] for line in diff.splitlines() if line.startswith("+")} <= {*theirs, ""}
        assert {line[1:] for line in diff.splitlines() if line.startswith("-")} <= {*ours, ""}


@pytest.mark.parametrize("stage", stage_table())
def test_the_cell_calls_the_projects_own_function(stage: str) -> None:
    lines = cell_of(stage)
    assert lines[0].startswith(f"from churn.{stage} import")
    assert any(re.search(rf"\b{stage}\(", line) for line in lines[1:])


def test_the_page_has_the_four_diffs_of_one_stage_and_holds_no_copy() -> None:
    text = (ROOT / "docs" / "small-step.md").read_text(encoding="utf-8")
    assert "```" not in text
    shown = on_page_markdown(text, None, None, None)  # type: ignore[arg-type]  # it reads none of these
    assert shown.count("```diff") == len(STEPS)
    assert max(len(diff.splitlines()) for diff in shown.split("```diff")[1:]) < 30
