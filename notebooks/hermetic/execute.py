"""Execute a notebook with papermill in a sandbox, and note which cell wrote which file."""

import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from notebooks.hermetic import wall
from notebooks.hermetic.cells import Cell, Notebook
from notebooks.hermetic.sandbox import Sandbox, Variant, environment, reachable

PATIENCE_S = 600  # for one cell
STRACE = ("strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o")


@dataclass(frozen=True)
class Failure:
    """The error that ended a notebook, in its own words."""

    cell: Cell
    name: str
    message: str

    def __str__(self) -> str:
        first = next((line for line in self.message.splitlines() if line.strip()), "")
        return f"{self.name}: {first}".rstrip(": ")


@dataclass
class Execution:
    """An executed notebook, its failure if it has one, and which cell wrote, or deleted, each file last."""

    notebook: nbformat.NotebookNode
    failure: Failure | None = None
    written_by: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """How to execute: the Python of the kernel, where libraries keep their caches, and what may be imported from."""

    python: str
    caches: Path
    code: Sequence[Path] = ()
    with_wall: bool = True
    strace_log: Path | None = None  # where strace writes what it sees


def execute(
    notebook: Notebook,
    place: Sandbox,
    variant: Variant,
    settings: Settings,
    parameters: Mapping[str, Any] | None = None,
    advance: Callable[[], object] = lambda: None,
    saved_as: Path | None = None,
) -> Execution:
    """Execute every cell in a fresh kernel, until one fails. `advance` is called after each cell.

    `saved_as` is where papermill keeps the executed copy. A failure of the notebook is part of the result; raises
    RuntimeError if the kernel does not start.
    """
    import papermill  # not at the top: it takes a second, and a check of the source alone does without
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _quiet()
    node = notebook.as_nbformat()
    done = Execution(node)
    seen = dict(place.stamps)
    running: list[int] = []

    def before_cell(cell: nbformat.NotebookNode, **_: Any) -> None:
        running[:] = [cell.metadata.get("number", 0)]

    def after_cell(cell: nbformat.NotebookNode, **_: Any) -> None:
        found = place.files()
        number = cell.metadata.get("number")
        if number is not None:
            done.written_by |= {name: number for name in {*found, *seen} if seen.get(name) != found.get(name)}
        seen.clear()
        seen.update(found)
        advance()

    with ExitStack() as stack:
        name = _install_kernel(place, variant, settings, stack)
        try:
            done.notebook = papermill.execute_notebook(
                node,
                str(saved_as) if saved_as else None,
                parameters=dict(parameters or {}),
                kernel_name=name,
                language="python",
                progress_bar=False,
                cwd=place.folder,
                execution_timeout=PATIENCE_S,
                on_cell_start=before_cell,
                on_cell_executed=after_cell,
            )
        except PapermillExecutionError as error:
            done.failure = _failure(notebook, error)
        except (CellTimeoutError, DeadKernelError) as error:
            cell = next((cell for cell in notebook.code if cell.number in running), notebook.code[0])
            message = "the kernel died" if isinstance(error, DeadKernelError) else f"it takes more than {PATIENCE_S} s"
            done.failure = Failure(cell, type(error).__name__, message)
    return done


def _failure(notebook: Notebook, error: Any) -> Failure:
    """Return the failure with its cell. papermill counts its own cell of parameters, so the cell's text decides."""
    source = str(error.source).strip()
    cell = next((cell for cell in notebook.code if cell.source.strip() == source), notebook.code[0])
    return Failure(cell, error.ename, error.evalue)


def _install_kernel(place: Sandbox, variant: Variant, settings: Settings, stack: ExitStack) -> str:
    """Write a kernel specification for this one run, and let Jupyter find it until the stack is closed."""
    settings.caches.mkdir(parents=True, exist_ok=True)
    own = place.library / "code"
    code = [*settings.code, own]
    readable, writable = reachable(place, settings.python, settings.caches, code)
    start = place.library / "kernel.json"
    with_wall = settings.with_wall and wall.version() > 0
    about = {"folder": str(place.folder), "readable": readable, "writable": writable, "wall": with_wall}
    start.write_text(json.dumps(about), encoding="utf-8")
    variables = [f"{name}={value}" for name, value in environment(place, variant, settings.caches, code).items()]
    watched = [*STRACE, str(settings.strace_log)] if settings.strace_log else []
    launcher = [
        settings.python,
        str(Path(__file__).with_name("kernel.py")),
        str(start),
        "--log-level=CRITICAL",
        "-f",
        "{connection_file}",
    ]
    name = place.base.name.lower().replace("_", "-")
    folder = place.library / "share" / "kernels" / name
    folder.mkdir(parents=True)
    specification = {"argv": ["env", "-i", *variables, *watched, *launcher], "language": "python", "display_name": name}
    (folder / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(folder.parents[1])
    stack.callback(_restore, "JUPYTER_PATH", before)
    return name


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _quiet() -> None:
    """Keep papermill's log and its libraries' warnings off the screen: a failure is reported in one sentence."""
    for name in ("papermill", "traitlets", "nbclient"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="(papermill|nbclient|jupyter_client|zmq|traitlets).*")
