"""Compare a notebook with its row of STAGES.md, the page that lists the stages with their inputs and outputs."""

import re
from collections.abc import Iterator
from pathlib import Path

from notebooks.check.refusals import Refusal
from notebooks.hermetic.cells import Notebook
from notebooks.hermetic.declared import Declared

PAGE = "STAGES.md"
ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
NAME = re.compile(r"`(\w+)`")


def page_for(notebook: Path, working_folder: Path) -> Path | None:
    """Return the nearest STAGES.md: next to the notebook, above it up to its repository, or in the working folder."""
    for folder in [*notebook.resolve().parents]:
        if (folder / PAGE).is_file():
            return folder / PAGE
        if (folder / ".git").exists():
            break
    return working_folder / PAGE if (working_folder / PAGE).is_file() else None


def rows_of(page: Path) -> dict[str, tuple[set[str], set[str]]]:
    """Return the names of the inputs and outputs of each stage, as the page has them."""
    text = page.read_text(encoding="utf-8")
    return {stage: ({*NAME.findall(inputs)}, {*NAME.findall(outputs)}) for stage, inputs, outputs in ROW.findall(text)}


def stage_of(notebook: Path) -> str:
    """Return the stage that a notebook is named after: 03_process.py is of the stage process."""
    return re.sub(r"^\d+[_-]*", "", notebook.stem)


def refusals_of_stage(notebook: Notebook, declared: Declared, page: Path) -> Iterator[Refusal]:
    """Yield what differs from the row. A notebook with a number is a stage, so it needs a row."""
    stage, rows = stage_of(notebook.path), rows_of(page)
    if stage not in rows:
        if rows and re.match(r"\d", notebook.path.stem):
            yield Refusal(
                notebook.path,
                None,
                f"has no row `{stage}` in {page.name}",
                "add the stage, its inputs and its outputs there",
            )
        return
    for kind, ours, theirs in zip(("INPUTS", "OUTPUTS"), (declared.inputs, declared.outputs), rows[stage], strict=True):
        if {*ours} != theirs:
            has, wants = ", ".join(sorted(ours)) or "nothing", ", ".join(sorted(theirs)) or "nothing"
            what = f"declares {kind} {has}, but the row `{stage}` in {page.name} has {wants}"
            yield Refusal(notebook.path, declared.cell, what, "make them equal")
