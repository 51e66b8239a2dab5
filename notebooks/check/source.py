"""Refusals that the source of a notebook is enough for: nothing is run.

Each rule is a function from a notebook to refusals. RULES lists them in the order of the report.
"""

import ast
import re
from collections.abc import Callable, Iterator

from notebooks.check.machine import READS, machine
from notebooks.check.names import names, stored_in
from notebooks.check.parsed import Parsed, dotted, parsed
from notebooks.check.refusals import Refusal
from notebooks.check.secrets import known_secret_in, secret_in
from notebooks.hermetic.cells import Cell, Notebook
from notebooks.hermetic.declared import NAMES, assigned_in, declaring_cells

WRITES = re.compile(r"(write|sink|to|save|dump)_?\w*$")


def refusals_of_source(notebook: Notebook) -> list[Refusal]:
    """Return what the source alone shows, in the order of RULES."""
    if notebook.language.lower() != "python":
        return [Refusal(notebook.path, None, f"is in {notebook.language}", "only notebooks in Python can be checked")]
    cells = [parsed(cell) for cell in notebook.code]
    if 2 * sum(bool(each.error) for each in cells) > len(cells):
        return [
            Refusal(
                notebook.path, None, "has mostly cells that are no Python", "only notebooks in Python can be checked"
            )
        ]
    return [refusal for rule in RULES for refusal in rule(notebook, cells)]


def syntax(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    for each in cells:
        if each.error:
            yield Refusal(
                notebook.path, each.cell, f"is no valid Python ({each.error})", "correct it, or make it a text cell"
            )


def declarations(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    declaring = declaring_cells(notebook)
    missing = [name for name in NAMES[:2] if not any(name in assigned_in(cell) for cell in declaring)]
    if missing:
        yield Refusal(
            notebook.path,
            None,
            f"declares no {' and no '.join(missing)}",
            'say in one of the first cells what it reads and writes, such as INPUTS = {"orders": "data/orders.csv"}',
        )
        return
    if len(declaring) > 1:
        numbers = " and ".join(str(cell.number) for cell in declaring)
        yield Refusal(
            notebook.path, declaring[-1], f"declares again, after cell {declaring[0].number}", f"join cells {numbers}"
        )
    for each in cells:
        if each.cell.number < declaring[0].number and (work := _work_in(each)):
            yield Refusal(
                notebook.path,
                each.cell,
                f"{work} before INPUTS and OUTPUTS are declared",
                "move the declaration above it",
            )


def parameters(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    """Every parameter is used, has a plain default, and is assigned nowhere else."""
    tagged = [each for each in cells if "parameters" in each.cell.tags]
    for extra in tagged[1:]:
        yield Refusal(
            notebook.path, extra.cell, "is a second cell of parameters", "papermill takes the first; join them"
        )
    if not tagged:
        return
    cell, others = tagged[0], [each for each in cells if each is not tagged[0]]
    own = assigned_in(cell.cell)
    used = {
        node.id
        for each in others
        for node in each.nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    used |= {node.id for node in cell.nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for name in sorted(own - used):
        yield Refusal(
            notebook.path, cell.cell, f"declares the parameter {name}, which no cell uses", "use it, or delete it"
        )
    for each in others:
        for name in sorted(own & stored_in(each)):
            yield Refusal(
                notebook.path,
                each.cell,
                f"assigns the parameter {name} again",
                "a value from outside would be lost: use another name",
            )


def order(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    """The saved numbers of execution rise."""
    before: Cell | None = None
    for cell in notebook.code:
        count = cell.execution_count
        if count is None:
            continue
        if before and before.execution_count is not None and count <= before.execution_count:
            when = "not after" if count == before.execution_count else "before"
            yield Refusal(
                notebook.path,
                cell,
                f"was run as [{count}], {when} cell {before.number}, which was [{before.execution_count}]",
                "restart the kernel and run all cells in order",
            )
            return
        before = cell


def outputs(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    """No cell is saved with what it printed: that belongs to a run, not to the source."""
    kept = [cell for cell in notebook.cells if cell.outputs]
    if kept:
        more = f", as do {len(kept) - 1} more cells" if len(kept) > 1 else ""
        yield Refusal(
            notebook.path,
            kept[0],
            f"holds outputs{more}",
            f"clear them before you commit (jupyter nbconvert --clear-output --inplace {notebook.path.name})",
        )


def secrets(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    for cell in notebook.cells:
        for place, found in (("holds", secret_in(cell.source)), ("printed", known_secret_in(str([*cell.outputs])))):
            if found:
                yield Refusal(
                    notebook.path,
                    cell,
                    f"{place} {found}",
                    "make it invalid, delete it, and let the run get it from outside the repository",
                )
                break


RULES: tuple[Callable[[Notebook, list[Parsed]], Iterator[Refusal]], ...] = (
    syntax,
    declarations,
    parameters,
    names,
    order,
    outputs,
    secrets,
    machine,
)


def _work_in(each: Parsed) -> str:
    """Return what a cell does besides importing, defining and setting; "" if nothing."""
    for node in each.nodes:
        if isinstance(node, ast.With | ast.For | ast.While):
            return "works"
        if isinstance(node, ast.Call) and (parts := dotted(node.func)):
            if (READS.match(parts[-1]) and len(parts) > 1) or parts == ("open",):
                return "reads"
            if WRITES.match(parts[-1]) and len(parts) > 1:
                return "writes"
    return ""
