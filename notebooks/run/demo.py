"""Run the notebooks in order with papermill, each in a sandbox.

    runs/notebooks/lake/           the tables, as in every other pipeline
    runs/notebooks/executed/       an executed copy of each notebook, as .ipynb and .html
    runs/notebooks/report.json     the report of the run, which `make compare` reads

A notebook runs only if something that it depends on has changed: see memory.py.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.command import OperatorData
from churn.harness.errors import BadInput
from churn.harness.report import Report, Stage, report_on
from churn.harness.terminal import console
from churn.lake import partition
from churn.storage.atomic import hidden_beside, swap_in
from churn.train import training_and_holdout
from notebooks.hermetic.cells import Notebook, read_notebook
from notebooks.hermetic.declared import Declared, NotDeclared, assigned_in, belongs_to, declared_by
from notebooks.hermetic.execute import Execution, Settings, execute
from notebooks.hermetic.sandbox import REPOSITORY, USUAL, Sandbox, environment, matches, sandbox
from notebooks.run.html import write_html
from notebooks.run.memory import digests, of_files, remember, what_changed

FOLDER = REPOSITORY / "notebooks"
Say = Callable[[str], object]


@dataclass(frozen=True)
class Work:
    """Where to run: the folder that all paths are relative to, and the parameters for every notebook."""

    runs: Path
    parameters: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        return self.runs / "notebooks"

    @property
    def settings(self) -> Settings:
        return Settings(sys.executable, self.folder.resolve() / "caches", [REPOSITORY])


def six() -> list[Path]:
    """Return the notebooks of the pipeline, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def parameters_for(data: OperatorData, customers: int, folder: Path) -> dict[str, Any]:
    """Return the parameters of this world. The folder of someone's own exports is linked into `folder`."""
    parameters = {"first_month": data.months[0], "month": data.newest}
    if data.seed is not None:
        return parameters | {"customers": customers, "seed": data.seed}
    link = folder / "source"
    link.unlink(missing_ok=True)
    link.symlink_to(data.source.resolve())
    return parameters | {"source": "notebooks/source"}


def run_all(work: Work, advance: Callable[[], object], say: Say) -> list[Stage]:
    """Run every notebook that needs it, in order. Return the six stages: "ok", or "cached" for the others.

    Raises BadInput, naming the notebook and the cell, when one fails or does not keep to what it declares.
    """
    stages = []
    notebooks = [read_notebook(path) for path in six()]
    with ThreadPoolExecutor(1) as meanwhile:  # a kernel leaves one core free: it reads the next, and writes the pages
        # papermill changes the current folder while it runs, so what happens meanwhile has absolute paths
        elsewhere = replace(work, runs=work.runs.resolve())
        declared = [meanwhile.submit(declared_in, notebook, elsewhere) for notebook in notebooks]
        for notebook, declaration in zip(notebooks, declared, strict=True):
            started = perf_counter()
            changed = run_one(notebook, declaration, work, meanwhile, say)
            status = "ok" if changed else "cached"
            stages.append(Stage(notebook.path.stem[3:], round(perf_counter() - started, 3), status))
            advance()
    return stages


def declared_in(notebook: Notebook, work: Work) -> Declared:
    """Return what a notebook declares with the parameters of this run. Raises BadInput if it declares nothing."""
    try:
        with sandbox(work.runs, {}, {}) as empty:
            variables = environment(empty, USUAL, work.settings.caches, work.settings.code)
            return declared_by(notebook, work.settings.python, accepted(notebook, work.parameters), variables)
    except NotDeclared as error:
        raise BadInput(f"{notebook.path.name}: {error}") from error


def run_one(
    notebook: Notebook, declaration: "Future[Declared]", work: Work, meanwhile: Executor, say: Say
) -> list[str]:
    """Run one notebook unless nothing that it depends on has changed. Return what had changed."""
    name, record = notebook.path.stem, work.folder / "executed" / f"{notebook.path.stem}.json"
    say(name)
    parameters = accepted(notebook, work.parameters)
    declared = declaration.result()
    inputs = [place for places in declared.inputs.values() for place in places]
    outputs = [place for places in declared.outputs.values() for place in places]
    for input_name, places in declared.inputs.items():
        if missing := [place for place in places if not matches(work.runs, place)]:
            raise BadInput(f"{notebook.path.name}: its input {input_name} is missing: {work.runs / missing[0]}")
    now = digests(notebook, parameters, work.runs, inputs)
    changed = what_changed(record, now, of_files(work.runs, outputs))
    if not changed:
        return []
    record.unlink(missing_ok=True)
    with sandbox(work.runs, declared.inputs, declared.outputs) as place:
        done = _executed(notebook, place, work, parameters, meanwhile, say)
        _raise_if_undeclared(notebook, declared, place, done)
        _publish(place, outputs, work.runs)
    remember(record, now, of_files(work.runs, outputs))
    return changed


def accepted(notebook: Notebook, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return those parameters that the notebook declares."""
    known = assigned_in(notebook.parameters) if notebook.parameters else set()
    return {name: value for name, value in parameters.items() if name in known}


def _executed(
    notebook: Notebook, place: Sandbox, work: Work, parameters: Mapping[str, Any], meanwhile: Executor, say: Say
) -> Execution:
    name, cells = notebook.path.stem, iter(range(2, len(notebook.cells) + 2))
    saved = work.folder.resolve() / "executed" / f"{name}.ipynb"
    saved.parent.mkdir(parents=True, exist_ok=True)
    done = execute(
        notebook,
        place,
        USUAL,
        work.settings,
        parameters,
        lambda: say(f"{name}: cell {next(cells)} of {len(notebook.cells)}"),
        saved,
    )
    page = meanwhile.submit(write_html, done.notebook, saved.with_suffix(".html"), name)
    if done.failure:
        page.result()
        raise BadInput(
            f"{notebook.path.name}, {done.failure.cell.place}: {done.failure}; "
            f"the executed copy is {work.folder / 'executed' / f'{name}.html'}"
        )
    return done


def _raise_if_undeclared(notebook: Notebook, declared: Declared, place: Sandbox, done: Execution) -> None:
    places = [each for paths in declared.outputs.values() for each in paths]
    cells = {cell.number: cell for cell in notebook.cells}
    written = place.written()
    for name in sorted(written):
        if not any(belongs_to(name, each) for each in places):
            where = cells[done.written_by[name]].place if name in done.written_by else "a cell"
            raise BadInput(f"{notebook.path.name}, {where}: it writes {name}, which OUTPUTS does not name")
    for each in places:
        if not any(belongs_to(name, each) for name in written):
            raise BadInput(f"{notebook.path.name}, {declared.cell.place}: OUTPUTS names {each}, but no cell writes it")


def _publish(place: Sandbox, outputs: list[str], working_folder: Path) -> None:
    """Move the outputs out of the sandbox. Each takes the place of the old one as a whole."""
    for each in outputs:
        for made in matches(place.folder, each):
            target = working_folder / made.relative_to(place.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            hidden = hidden_beside(target)
            if made.is_dir():
                shutil.copytree(made, hidden)
                swap_in(hidden, target)
            else:
                shutil.copyfile(made, hidden)
                hidden.replace(target)


def write_report(data: OperatorData, work: Work, stages: list[Stage]) -> Report:
    """Write the report of a finished run, as every pipeline does."""
    lake = work.folder / "lake"
    scores = json.loads((partition(lake, "model", data.newest) / "scores.json").read_text(encoding="utf-8"))
    executed = {path.stem: f"executed/{path.stem}.html" for path in six()}
    return report_on(
        work.folder,
        data,
        engine={"name": "papermill", "version": version("papermill")},
        isolation="process",
        stages=stages,
        fingerprint=data_fingerprint(lake, data.newest),
        predictions=pl.read_parquet(partition(lake, "predictions", data.newest) / "predictions.parquet", glob=False),
        baseline={name: value for name, value in scores.items() if name != "threshold"},
        ceiling=ceiling_roc_auc(data.truth, training_and_holdout(lake, data.newest)[1]),
        artifacts=executed,
    )


def print_where(work: Work) -> None:
    console.print(f"executed copies: {work.folder / 'executed'}", soft_wrap=True)
    console.print(f"report: {work.folder / 'report.json'}", soft_wrap=True)
