"""Read a notebook, as .ipynb or in percent format, into cells whose numbers a reader can find again."""

import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import nbformat

PERCENT_CELL = re.compile(r"^# ?%%", re.MULTILINE)
LONGEST_QUOTE = 40


class NotANotebook(ValueError):
    """The file is no notebook that can be read. The message says why and what to do, without the file's name."""


@dataclass(frozen=True)
class Cell:
    """One cell: its number counts all cells from 1. The line is that of a percent file; an .ipynb has none."""

    number: int
    kind: str  # "code", "markdown" or "raw"
    source: str
    line: int | None = None
    tags: tuple[str, ...] = ()
    outputs: Sequence[dict[str, Any]] = ()
    execution_count: int | None = None

    @property
    def place(self) -> str:
        """Return where the cell is, in words: "cell 4 (line 23)", or "cell 4 (“rows = pl.read_csv(…”)"."""
        if self.line is not None:
            return f"cell {self.number} (line {self.line})"
        first = next((line.strip() for line in self.source.splitlines() if line.strip()), "empty")
        shown = first if len(first) <= LONGEST_QUOTE else first[: LONGEST_QUOTE - 1] + "…"
        return f"cell {self.number} (“{shown}”)"


@dataclass(frozen=True)
class Notebook:
    """A notebook as it is in its file."""

    path: Path
    cells: tuple[Cell, ...]
    language: str = "python"
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> tuple[Cell, ...]:
        """Return the cells with code, without the empty ones."""
        return tuple(cell for cell in self.cells if cell.kind == "code" and cell.source.strip())

    @property
    def parameters(self) -> Cell | None:
        """Return the cell that papermill inserts its own values after."""
        return next((cell for cell in self.code if "parameters" in cell.tags), None)

    def as_nbformat(self) -> nbformat.NotebookNode:
        """Return a copy to execute, without outputs. Each cell's metadata hold its number."""
        make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
        cells = [
            make.get(cell.kind, nbformat.v4.new_raw_cell)(
                cell.source, id=f"cell-{place}", metadata={"tags": [*cell.tags], "number": cell.number}
            )
            for place, cell in enumerate(self.cells)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
        return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def notebooks_in(folder: Path) -> list[Path]:
    """Return the notebooks below a folder, in order: every .ipynb, and every .py with a percent cell.

    Checkpoints, environments and hidden folders are left out.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith((".", "__")) for part in parts) or not path.is_file():
            continue
        if path.suffix == ".ipynb" or (path.suffix == ".py" and _is_percent(path)):
            found.append(path)
    return found


def read_notebook(path: Path) -> Notebook:
    """Read one notebook. Raises NotANotebook when it is damaged, is of an old format, or has no cell."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotANotebook("is not UTF-8 text: save it again as a notebook") from error
    except OSError as error:
        raise NotANotebook(f"cannot be read ({error.strerror}): name a notebook that you may read") from error
    notebook = _from_percent(path, text) if path.suffix == ".py" else _from_ipynb(path, text)
    if not notebook.code:
        raise NotANotebook("has no code: a notebook without code makes nothing, so delete it or write its cells")
    return notebook


def _from_ipynb(path: Path, text: str) -> Notebook:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"is not valid JSON ({error}): a merge may have damaged it, so restore it") from error
    if not isinstance(content, dict) or not ("cells" in content or "worksheets" in content):
        raise NotANotebook("is JSON, but no notebook: it has no list of cells")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about cells without an id, which older versions wrote
            node = nbformat.reads(text, as_version=4)
        cells = tuple(
            Cell(
                number,
                cell.cell_type,
                cell.source,
                tags=tuple(cell.metadata.get("tags", ())),
                outputs=cell.get("outputs", ()),
                execution_count=cell.get("execution_count"),
            )
            for number, cell in enumerate(node.cells, 1)
        )
    except Exception as error:  # nbformat raises what it meets: AttributeError, KeyError, ValidationError
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotANotebook(f"is no valid notebook ({reason}): open it in Jupyter and save it again") from error
    return Notebook(path, cells, _language(node.metadata), dict(node.metadata))


def _from_percent(path: Path, text: str) -> Notebook:
    try:
        node = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # a damaged header may be anything
        raise NotANotebook(
            f"has a header that cannot be read ({type(error).__name__}): correct its first lines"
        ) from error
    lines = _lines_of_cells(text, [cell.source for cell in node.cells])
    cells = tuple(
        Cell(number, cell.cell_type, cell.source, line=line, tags=tuple(cell.metadata.get("tags", ())))
        for number, (cell, line) in enumerate(zip(node.cells, lines, strict=True), 1)
    )
    return Notebook(path, cells, _language(node.metadata), dict(node.metadata))


def _lines_of_cells(text: str, sources: list[str]) -> list[int]:
    """Return the line of each cell's marker. A percent file may have code above its first marker."""
    lines = text.splitlines()
    markers = [number for number, line in enumerate(lines, 1) if PERCENT_CELL.match(line)]
    if len(markers) < len(sources):
        markers.insert(0, 1)
    return (markers + [len(lines)] * len(sources))[: len(sources)]


def _language(metadata: dict[str, Any]) -> str:
    kernel, about = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    of_jupytext = (metadata.get("jupytext") or {}).get("main_language")
    language = kernel.get("language") or about.get("name") or kernel.get("name") or of_jupytext or "python"
    return "python" if re.match(r"(i?python|conda|xpython)", str(language), re.IGNORECASE) else str(language)


def _is_percent(path: Path) -> bool:
    try:
        return bool(PERCENT_CELL.search(path.read_text(encoding="utf-8-sig")))
    except (UnicodeDecodeError, OSError):
        return False
