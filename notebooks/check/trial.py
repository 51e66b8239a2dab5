"""Refusals that only a run can show: the notebook is executed in a sandbox, twice, and once without each input."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from notebooks.check.failures import explained
from notebooks.check.refusals import Refusal
from notebooks.check.stages import page_for, refusals_of_stage
from notebooks.check.tables import difference, problem_of_table
from notebooks.hermetic.cells import Cell, Notebook
from notebooks.hermetic.declared import Declared, NotDeclared, assigned_in, belongs_to, declared_by
from notebooks.hermetic.execute import Execution, Failure, Settings, execute
from notebooks.hermetic.sandbox import (
    FIRST,
    SECOND,
    Sandbox,
    Variant,
    environment,
    files_at,
    matches,
    own_code,
    sandbox,
)

Say = Callable[[str], object]


@dataclass(frozen=True)
class Trial:
    """How to try a notebook: its working folder, the parameters from outside, and the kernel."""

    working_folder: Path
    parameters: Mapping[str, Any]
    settings: Settings
    say: Say = lambda words: None


def refusals_of_trial(notebook: Notebook, trial: Trial) -> list[Refusal]:
    """Execute the notebook as often as it takes, and return what it did that it must not do."""
    known = assigned_in(notebook.parameters) if notebook.parameters else set()
    trial = replace(trial, parameters={name: value for name, value in trial.parameters.items() if name in known})
    trial.say("declaration")
    try:
        with sandbox(trial.working_folder, {}, {}) as empty:
            own_code([cell.source for cell in notebook.code], _folders(notebook, trial), empty.library / "code")
            code = [*trial.settings.code, empty.library / "code"]
            variables = environment(empty, FIRST, trial.settings.caches, code)
            declared = declared_by(notebook, trial.settings.python, trial.parameters, variables)
    except NotDeclared as error:
        what, _, instead = str(error).partition(": ")
        return [Refusal(notebook.path, error.cell, what, instead or "declare paths by name in one of the first cells")]
    page = page_for(notebook.path, trial.working_folder)
    found = [*refusals_of_stage(notebook, declared, page)] if page else []
    found += [*_of_places(notebook, declared), *_missing_inputs(notebook, declared, trial)]
    if found:
        return found
    if found := [*_input_tables(notebook, declared, trial)]:
        return found
    with _executed(notebook, declared, trial, FIRST, "first run") as (place, first):
        if first.failure:
            return [explained(notebook, declared, place, first.failure, _folders(notebook, trial))]
        found = [*_writes(notebook, declared, place, first), *_output_tables(notebook, declared, place, first)]
        if found:
            return found
        found += _again(notebook, declared, trial, place, first)
    return [*found, *_without_each_input(notebook, declared, trial)]


@contextmanager
def _executed(
    notebook: Notebook, declared: Declared, trial: Trial, variant: Variant, words: str
) -> Iterator[tuple[Sandbox, Execution]]:
    trial.say(words)
    with sandbox(trial.working_folder, declared.inputs, declared.outputs) as place:
        own_code([cell.source for cell in notebook.code], _folders(notebook, trial), place.library / "code")
        yield place, execute(notebook, place, variant, trial.settings, trial.parameters)


def _folders(notebook: Notebook, trial: Trial) -> list[Path]:
    return list(dict.fromkeys([notebook.path.parent.resolve(), trial.working_folder.resolve()]))


def _of_places(notebook: Notebook, declared: Declared) -> Iterator[Refusal]:
    """Yield absolute places, and outputs that are inputs, too."""
    for kind, group in (("INPUTS", declared.inputs), ("OUTPUTS", declared.outputs)):
        for name, places in group.items():
            for place in places:
                if Path(place).is_absolute() or place.startswith("~") or re.match(r"[A-Za-z]:[\\/]", place):
                    instead = "write it relative to the working folder, or make it a parameter"
                    yield Refusal(
                        notebook.path,
                        declared.cell,
                        f'names {place} in {kind}["{name}"], a path of one machine',
                        instead,
                    )
    inputs = {place for places in declared.inputs.values() for place in places}
    for name, places in declared.outputs.items():
        if both := sorted(inputs & {*places}):
            instead = "a second run would read what the first wrote: write somewhere else"
            yield Refusal(notebook.path, declared.cell, f"reads and writes {both[0]} ({name})", instead)
    if not declared.outputs:
        yield Refusal(
            notebook.path, declared.cell, "declares that it writes nothing", "name what the next step reads in OUTPUTS"
        )


def _missing_inputs(notebook: Notebook, declared: Declared, trial: Trial) -> Iterator[Refusal]:
    for name, places in declared.inputs.items():
        for place in places:
            if not matches(trial.working_folder, place):
                more = f" and {len(places) - 1} more" if len(places) > 1 else ""
                instead = (
                    f"run what makes it first, or name the folder that it is in (ROOT=, now {trial.working_folder})"
                )
                yield Refusal(
                    notebook.path, declared.cell, f"needs the input {name}, but {place}{more} is not there", instead
                )
                break


def _input_tables(notebook: Notebook, declared: Declared, trial: Trial) -> Iterator[Refusal]:
    for name, places in declared.inputs.items():
        files = {file: path for place in places for file, path in files_at(trial.working_folder, place).items()}
        for file, path in files.items():
            columns = declared.columns_of(name, file)
            if columns and (problem := problem_of_table(path, columns)):
                instead = "correct SCHEMAS, or the notebook that makes it"
                yield Refusal(
                    notebook.path,
                    declared.cell,
                    f"declares {name} with a different schema: in {file}, {problem}",
                    instead,
                )
                break


def _writes(notebook: Notebook, declared: Declared, place: Sandbox, done: Execution) -> Iterator[Refusal]:
    """Yield inputs that were changed, files that OUTPUTS does not name, and outputs that were not written."""
    written = place.written()
    here = place.files()
    for name in sorted({*place.stamps} - {*here}):
        cell = _writer(notebook, done, name)
        yield Refusal(notebook.path, cell, f"deletes its input {name}", "write to OUTPUTS only")
    for name in sorted(written):
        cell = _writer(notebook, done, name)
        if name in place.stamps:
            yield Refusal(
                notebook.path,
                cell,
                f"changes its input {name}",
                "write the result to OUTPUTS, so that a second run reads the same",
            )
        elif not any(belongs_to(name, each) for places in declared.outputs.values() for each in places):
            yield Refusal(
                notebook.path, cell, f"writes {name}, which OUTPUTS does not name", "name it there, or do not write it"
            )
    for name, places in declared.outputs.items():
        for each in places:
            if not any(belongs_to(file, each) for file in written):
                yield Refusal(
                    notebook.path,
                    declared.cell,
                    f"declares the output {name} ({each}), which no cell writes",
                    "write it, or do not declare it",
                )
                break


def _writer(notebook: Notebook, done: Execution, name: str) -> Cell | None:
    return next((cell for cell in notebook.cells if cell.number == done.written_by.get(name)), None)


def _output_tables(notebook: Notebook, declared: Declared, place: Sandbox, done: Execution) -> Iterator[Refusal]:
    for name, places in declared.outputs.items():
        for file in sorted(file for file in place.written() if any(belongs_to(file, each) for each in places)):
            path = place.path_of(file)
            if path.suffix not in (".parquet", ".csv", ".arrow", ".feather"):
                continue
            columns, cell = declared.columns_of(name, file), _writer(notebook, done, file)
            if columns is None:
                instead = f'say which columns it has: SCHEMAS = {{"{name}": {{"customer_id": "Int64"}}}}'
                yield Refusal(
                    notebook.path, declared.cell, f"declares no schema for the table {file} ({name})", instead
                )
            elif problem := problem_of_table(path, columns):
                yield Refusal(
                    notebook.path,
                    cell,
                    f"writes {file} with a different schema: {problem}",
                    "write what SCHEMAS declares, or change it",
                )
            else:
                continue
            break


def _again(notebook: Notebook, declared: Declared, trial: Trial, place: Sandbox, first: Execution) -> list[Refusal]:
    """Run it once more, on another day and with other threads, and compare the outputs byte by byte."""
    with _executed(notebook, declared, trial, SECOND, "second run") as (other, second):
        if second.failure:
            what = f"stops when it runs a second time: {second.failure}"
            return [
                Refusal(
                    notebook.path, second.failure.cell, what, "something depends on the date, the time zone, or chance"
                )
            ]
        mine, theirs = {*place.written()}, {*other.written()}
        for name in sorted(mine ^ theirs):
            done = first if name in mine else second
            instead = "the name of an output may depend on parameters only"
            return [
                Refusal(
                    notebook.path,
                    _writer(notebook, done, name),
                    f"writes {name} in one run and not in the next",
                    instead,
                )
            ]
        return [
            Refusal(
                notebook.path,
                _writer(notebook, first, name),
                f"writes other bytes to {name} each time: {reason}",
                instead,
            )
            for name in sorted(mine)
            if (found := difference(place.path_of(name), other.path_of(name)))
            for reason, instead in [found]
        ]


def _without_each_input(notebook: Notebook, declared: Declared, trial: Trial) -> Iterator[Refusal]:
    """Run it without each input in turn: it must stop, and its error must name what is missing."""
    for name in declared.inputs:
        others = replace(declared, inputs={key: places for key, places in declared.inputs.items() if key != name})
        if any(place in others.inputs.get(key, []) for key in others.inputs for place in declared.inputs[name]):
            continue
        with _executed(notebook, others, trial, FIRST, f"run without {name}") as (_, done):
            if done.failure is None:
                instead = "read it, or do not declare it; if it is optional, say so in a parameter"
                yield Refusal(
                    notebook.path, declared.cell, f"does not notice when its input {name} is missing", instead
                )
            elif not _names(done.failure, name, declared.inputs[name]):
                instead = "let the error name the file, or check the inputs in the first cells"
                what = f"does not say that its input {name} is missing, only: {done.failure}"
                yield Refusal(notebook.path, done.failure.cell, what, instead)


def _names(failure: Failure, name: str, places: list[str]) -> bool:
    text = f"{failure.name}: {failure.message}"
    last_parts = {part for place in places for part in (Path(place).name, Path(place.partition("*")[0]).name) if part}
    return re.search(rf"\b{re.escape(name)}\b", text) is not None or any(part in text for part in last_parts)
