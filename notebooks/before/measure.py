"""`make before`: run Ann's notebook as she ran it, each step of the guide, and the six notebooks; print every score."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jupytext

from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import BadInput
from churn.harness.report import read_report
from churn.harness.terminal import console, print_table, progress_bar
from churn.storage.months import month_range
from notebooks.hermetic.cells import Notebook, read_notebook
from notebooks.hermetic.execute import Settings, execute
from notebooks.hermetic.sandbox import REPOSITORY, USUAL, sandbox

HERE = Path(__file__).parent
MESS = HERE / "churn_everything.py"
STEPS = {
    "step_1_in_order.py": "1: the same cells, in order",
    "step_2_declared.py": "2: inputs, outputs and parameters declared",
    "step_3_without_the_leak.py": "3: features end where the question begins",
}
ANNS_FOLDERS = {"/home/ann/churn/exports/": "exports/", "/home/ann/Desktop/for_marketing/": "for_marketing/"}
SCORE = re.compile(r"ROC-AUC (0\.\d+)")


def before(words: Sequence[str]) -> None:
    """Print the score of each version. Raises BadInput if one that should run does not."""
    arguments = parser("notebooks before", "From one messy notebook to six: every score, measured.").parse_args(words)
    data = operator_data(arguments)
    if (data.months[0], data.newest) != ("2025-01", "2025-12"):
        raise BadInput("Ann's notebook is about December 2025: leave MONTH out")
    versions = versions_of_the_guide()
    with progress_bar("from one notebook to six", len(versions), "notebooks") as bar:
        rows = []
        for words_for_it, notebook in versions.items():
            rows.append([words_for_it, score_of(notebook, data.source, arguments.runs)])
            bar.advance()
    rows.append(["the six notebooks", score_of_the_six(arguments.runs, data)])
    print_table("ROC-AUC for those who leave in December (0.5 is guessing)", ["version", "ROC-AUC"], rows, "notebooks")
    console.print("The drop is the leak. The guide is notebooks/before/README.md.", soft_wrap=True)


def score_of_the_six(runs: Path, data: OperatorData) -> str:
    """Return the ROC-AUC of the last `make notebooks` on these exports, for the same question."""
    file = runs / "notebooks" / "report.json"
    report = read_report(file) if file.is_file() else None
    same = report and (report.month, report.seed, report.holdout_month) == (data.newest, data.seed, data.holdout_month)
    return f"{float(report.baseline['roc_auc']):.3f}" if report and same else "not run: make notebooks"


def versions_of_the_guide() -> dict[str, Notebook]:
    """Return the notebook as it was found, from the top and in Ann's order, and after each step."""
    mess = read_notebook(MESS)
    return {
        "0: as found, from the top": mess,
        "0: as found, in the order in which Ann ran its cells": in_anns_order(mess),
        **{words: read_notebook(HERE / name) for name, words in STEPS.items()},
    }


def in_anns_order(notebook: Notebook) -> Notebook:
    """Return the cells in the order in which they were run, a cell that was run twice two times."""
    counts = [cell.metadata.get("ran", []) for cell in jupytext.read(notebook.path, fmt="py:percent").cells]
    ran = sorted((count, number) for number, counts_of_cell in enumerate(counts) for count in counts_of_cell)
    return replace(notebook, cells=tuple(notebook.cells[number] for _, number in ran))


def score_of(notebook: Notebook, source: Path, runs: Path) -> str:
    """Run a notebook next to the exports, and return the ROC-AUC that it prints, or the error that ends it."""
    with_our_paths = replace(notebook, cells=tuple(replace(cell, source=_ours(cell.source)) for cell in notebook.cells))
    settings = Settings(sys.executable, runs.resolve() / "notebooks" / "caches", [REPOSITORY])
    inputs = {"exports": [f"exports/month={month}" for month in month_range("2025-01", "2025-12")]}
    (link := runs / "notebooks" / "before" / "exports").parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(source.resolve())
    with sandbox(link.parent, inputs, {}) as place:
        done = execute(with_our_paths, place, USUAL, settings)
    if done.failure:
        return f"stops: {done.failure}"
    printed = [str(output) for cell in done.notebook.cells for output in cell.get("outputs", [])]
    found = SCORE.findall("".join(printed))
    return f"{float(found[-1]):.3f}" if found else "prints no score"


def _ours(source: str) -> str:
    for theirs, ours in ANNS_FOLDERS.items():
        source = source.replace(theirs, ours)
    return source
