"""The cells of a notebook as syntax trees, and what to ask them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from notebooks.hermetic.cells import Cell
from notebooks.hermetic.declared import as_python

WITH_CODE = {"time", "timeit", "capture", "prun"}  # cell magics around Python code


@dataclass(frozen=True)
class Parsed:
    """A cell with its syntax tree; the error instead, if it is no Python."""

    cell: Cell
    tree: ast.Module
    error: str = ""

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return [*ast.walk(self.tree)]

    @property
    def calls(self) -> Iterator[ast.Call]:
        return (node for node in self.nodes if isinstance(node, ast.Call))


def parsed(cell: Cell) -> Parsed:
    """Parse a cell. Magics become calls, and the code below %%time counts as code of the cell."""
    try:
        tree = ast.parse(as_python(cell.source))
    except (SyntaxError, ValueError) as error:
        return Parsed(cell, ast.Module([], []), str(error).partition(" (")[0])
    for node in ast.walk(tree):
        name = magic(node)
        if (
            name in WITH_CODE
            and isinstance(node, ast.Call)
            and len(node.args) == 3
            and isinstance(node.args[2], ast.Constant)
        ):
            inside = parsed(Cell(cell.number, cell.kind, str(node.args[2].value)))
            tree.body += inside.tree.body
            return Parsed(cell, tree, inside.error)
    return Parsed(cell, tree)


def magic(node: ast.AST) -> str:
    """Return the name of an IPython magic that a call stands for; "" if it is none."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return ""
    name = node.args[0]
    is_magic = node.func.attr in ("run_line_magic", "run_cell_magic") and isinstance(name, ast.Constant)
    return str(name.value) if is_magic and isinstance(name, ast.Constant) else ""


def is_shell(call: ast.Call) -> bool:
    of_ipython = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call)
    return (
        of_ipython and isinstance(call.func, ast.Attribute) and call.func.attr in ("system", "getoutput", "getsystem")
    )


def dotted(node: ast.AST) -> tuple[str, ...]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return (node.id, *parts) if isinstance(node, ast.Name) else tuple(parts)


def texts(each: Parsed) -> Iterator[str]:
    """Yield the string literals of a cell; of an f-string only its beginning. Bare strings are text, not values."""
    left_out: set[ast.AST] = {node.value for node in each.nodes if isinstance(node, ast.Expr)}
    left_out |= {part for node in each.nodes if isinstance(node, ast.JoinedStr) for part in node.values[1:]}
    for node in each.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
            yield node.value


def texts_of(node: ast.AST) -> Iterator[str]:
    return texts(Parsed(Cell(0, "code", ""), ast.Module([ast.Return(node)], [])))  # type: ignore[arg-type]
