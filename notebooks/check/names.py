"""Refuse a cell that uses a name which only a later cell makes, or none: it ran because the kernel remembered."""

import ast
import builtins
import symtable
from collections.abc import Iterator

from notebooks.check.parsed import Parsed, magic
from notebooks.check.refusals import Refusal
from notebooks.hermetic.cells import Cell, Notebook

OF_IPYTHON = ("get_ipython", "display", "In", "Out", "exit", "quit", "_", "__", "___", "__name__", "__doc__")
ALWAYS_THERE = {*dir(builtins), *OF_IPYTHON}


def names(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    """A name is defined before the cell that uses it."""
    nodes = [node for each in cells for node in each.nodes]
    if any(
        (isinstance(node, ast.ImportFrom) and node.names[0].name == "*") or magic(node) == "pylab" for node in nodes
    ):
        return  # nobody knows what these bring
    defined_at: dict[str, Cell] = {}
    for each in cells:
        for name in stored_in(each):
            defined_at.setdefault(name, each.cell)
    known = set(ALWAYS_THERE)
    for each in cells:
        told = set()
        for statement in each.tree.body:
            used, deferred, stored = _names_of(statement)
            for name in sorted((used - known - stored) | (deferred - known - stored - set(defined_at))):
                if name not in told:
                    told.add(name)
                    yield _undefined(notebook, each.cell, name, defined_at.get(name))
            if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
                for name in sorted((used & stored) - known - told):
                    told.add(name)
                    yield _undefined(notebook, each.cell, name, defined_at.get(name))
            known |= stored


def _undefined(notebook: Notebook, cell: Cell, name: str, later: Cell | None) -> Refusal:
    if later and later.number > cell.number:
        return Refusal(
            notebook.path,
            cell,
            f"uses {name}, which only cell {later.number} makes",
            "it ran because the kernel remembered; change the order",
        )
    return Refusal(
        notebook.path,
        cell,
        f"uses {name}, which no cell makes",
        "it was in the kernel's memory: define it, or delete this",
    )


def stored_in(each: Parsed) -> set[str]:
    return {name for statement in each.tree.body for name in _names_of(statement)[2]}


def _names_of(statement: ast.stmt) -> tuple[set[str], set[str], set[str]]:
    """Return the names that a statement uses at once, those that its functions use later, and those that it makes."""
    try:
        table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    except SyntaxError:  # valid in a notebook alone, such as await at the top level
        return set(), set(), set()
    used: set[str] = set()
    deferred: set[str] = set()
    stored = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    if isinstance(statement, ast.Assign | ast.AnnAssign) and not isinstance(statement, ast.AugAssign):
        value = ast.unparse(statement.value) if statement.value else ""
        right = {
            symbol.get_name()
            for symbol in symtable.symtable(value, "cell", "exec").get_symbols()
            if symbol.is_referenced()
        }
        used = (used - stored) | right
    elif isinstance(statement, ast.AugAssign):
        used |= stored
    else:
        used -= stored
    to_see = [(child, _runs_later(child)) for child in table.get_children()]
    while to_see:
        child, later = to_see.pop()
        for symbol in child.get_symbols():
            if symbol.is_referenced() and symbol.is_global():
                (deferred if later else used).add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                stored.add(symbol.get_name())
        to_see += [(inner, later or _runs_later(inner)) for inner in child.get_children()]
    return used, deferred, stored


def _runs_later(table: symtable.SymbolTable) -> bool:
    return str(table.get_type()).endswith("function") and table.get_name() not in (
        "listcomp",
        "setcomp",
        "dictcomp",
        "genexpr",
    )
