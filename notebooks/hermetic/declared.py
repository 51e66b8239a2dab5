"""INPUTS, OUTPUTS and SCHEMAS of a notebook: what it says it reads and writes.

    INPUTS = {"features": f"lake/features/month={month}"}      a name, and a path, a pattern, or a list of these
    OUTPUTS = {"by_plan": "results/by_plan.parquet"}
    SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}      a name, and columns with their types

A path is relative to the working folder. A folder stands for everything in it. The schema of a folder with different
tables maps a pattern to columns: {"usage/*": {"minutes": "Int32"}, …}.
"""

import ast
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from notebooks.hermetic.cells import Cell, Notebook

NAMES = ("INPUTS", "OUTPUTS", "SCHEMAS")
PATIENCE_S = 60
Columns = dict[str, str]  # a type by the column's name


class NotDeclared(ValueError):
    """The notebook does not say what it reads and writes, or says it in a way that cannot be used."""

    def __init__(self, sentence: str, cell: Cell | None = None) -> None:
        super().__init__(sentence)
        self.cell = cell


@dataclass(frozen=True)
class Declared:
    """Paths by name, relative to the working folder, and the columns of each table by name and pattern."""

    inputs: dict[str, list[str]]
    outputs: dict[str, list[str]]
    schemas: dict[str, dict[str, Columns]]
    cell: Cell

    def columns_of(self, name: str, path: str) -> Columns | None:
        """Return the columns of one file of an input or output, or None if its schema does not name it."""
        shortened = [path, *(path.removeprefix(place.rstrip("/") + "/") for place in self.places(name))]
        for pattern, columns in self.schemas.get(name, {}).items():
            if any(fnmatch(each, pattern) for each in shortened):
                return columns
        return None

    def places(self, name: str) -> list[str]:
        return [*self.inputs.get(name, []), *self.outputs.get(name, [])]


def belongs_to(path: str, place: str) -> bool:
    """Return whether a file is at a declared place: it is that file, is below that folder, or fits the pattern."""
    place = os.path.normpath(place)
    return path == place or path.startswith(place + "/") or fnmatch(path, place) or fnmatch(path, place + "/*")


def declaring_cells(notebook: Notebook) -> list[Cell]:
    """Return the cells that assign INPUTS, OUTPUTS or SCHEMAS."""
    return [cell for cell in notebook.code if assigned_in(cell) & set(NAMES)]


def assigned_in(cell: Cell) -> set[str]:
    """Return the names that a cell assigns at its top level."""
    try:
        body = ast.parse(as_python(cell.source)).body
    except SyntaxError:
        return set()
    names = set()
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        targets += [statement.target] if isinstance(statement, ast.AnnAssign) else []
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def as_python(source: str) -> str:
    """Return a cell as Python code: IPython's magics and shell commands become calls of get_ipython()."""
    return TransformerManager().transform_cell(source)


def declared_by(
    notebook: Notebook, python: str, parameters: Mapping[str, Any], environment: Mapping[str, str]
) -> Declared:
    """Run the first cells, down to the declaration, in an empty folder, and return what they declare.

    Raises NotDeclared if a name is missing or is no dictionary of paths, or if one of these cells fails.
    """
    cells = declaring_cells(notebook)
    missing = [name for name in NAMES[:2] if not any(name in assigned_in(cell) for cell in cells)]
    if missing:
        raise NotDeclared(
            f"declares no {' and no '.join(missing)}: say in one of the first cells what it reads and writes, "
            'such as INPUTS = {"orders": "data/orders.csv"}'
        )
    last = cells[-1]
    first_cells = [cell for cell in notebook.code if cell.number <= last.number]
    answer = _run(first_cells, notebook.parameters, python, parameters, environment)
    if "failed_at" in answer:
        cell = first_cells[answer["failed_at"]]
        message = f"{answer['error']}: {answer['message']}".rstrip(": ")
        raise NotDeclared(
            f"stops before the notebook has declared its inputs and outputs ({message}). "
            "Only imports, parameters and the declaration belong into the first cells",
            cell,
        )
    places = {}
    for name in NAMES[:2]:
        places[name] = {key: _paths(name, key, value, last) for key, value in _mapping(name, answer, last).items()}
    schemas = {key: _schema(key, value, last) for key, value in _mapping("SCHEMAS", answer, last).items()}
    if unknown := [key for key in schemas if key not in places["INPUTS"] and key not in places["OUTPUTS"]]:
        raise NotDeclared(f"has a schema for {unknown[0]}, which is neither in INPUTS nor in OUTPUTS", last)
    return Declared(places["INPUTS"], places["OUTPUTS"], schemas, last)


def _run(
    cells: list[Cell],
    parameters_cell: Cell | None,
    python: str,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
) -> dict[str, Any]:
    asked = {
        "cells": [as_python(cell.source).replace("get_ipython()", "None and None") for cell in cells],
        "parameters_at": next((number for number, cell in enumerate(cells) if cell is parameters_cell), None),
        "parameters": dict(parameters),
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [python, str(Path(__file__).with_name("declare.py"))],
                input=json.dumps(asked),
                cwd=folder,
                env=dict(environment),
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotDeclared(f"takes more than {PATIENCE_S} s to declare its inputs and outputs", cells[-1]) from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise NotDeclared(f"could not be read by {python}: {last}", cells[-1]) from None
    return answer


def _mapping(name: str, answer: dict[str, Any], cell: Cell) -> dict[str, Any]:
    value = answer.get(name, {})
    if not isinstance(value, dict):
        raise NotDeclared(
            f'declares {name} as {value!r}: it must be a dictionary, such as {{"orders": "data/orders.csv"}}', cell
        )
    return value


def _paths(name: str, key: str, value: Any, cell: Cell) -> list[str]:
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path.strip() for path in paths):
        raise NotDeclared(
            f'declares {name}["{key}"] as {value!r}: it must be a path, a pattern, or a list of these', cell
        )
    return [os.path.normpath(path) for path in paths]


def _schema(key: str, value: Any, cell: Cell) -> dict[str, Columns]:
    if isinstance(value, dict) and value:
        if all(isinstance(part, str) for part in value.values()):
            return {"*": value}
        if all(isinstance(part, dict) for part in value.values()):
            return {pattern: {str(name): str(kind) for name, kind in part.items()} for pattern, part in value.items()}
    raise NotDeclared(
        f'has a schema for {key} that is no dictionary of columns: write {{"customer_id": "Int64"}}', cell
    )
