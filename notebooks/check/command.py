"""`make check-notebooks DIR=…`: check every notebook of a folder, print a sentence per refusal, and exit with 1 if any.

Without DIR, the six notebooks of this repository are checked, in the folder `runs`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from churn.harness.command import command, parse_month_argument, whole_number
from churn.harness.errors import BadInput
from churn.harness.terminal import Bar, console, progress_bar
from notebooks.check.refusals import Refusal
from notebooks.check.source import refusals_of_source
from notebooks.check.trial import Trial, refusals_of_trial
from notebooks.hermetic.cells import NotANotebook, notebooks_in, read_notebook
from notebooks.hermetic.execute import Settings
from notebooks.hermetic.sandbox import REPOSITORY

OURS = REPOSITORY / "notebooks"


def check(words: Sequence[str]) -> None:
    """Check what the command line names. Raises SystemExit(1) if anything is refused."""
    options = command("notebooks check", "Check that notebooks keep to the inputs and outputs that they declare.")
    options.add_argument("paths", nargs="*", type=Path, help="notebooks, or folders of notebooks (make: DIR=)")
    options.add_argument("--root", type=Path, help="the folder that paths are relative to; default: the notebook's")
    options.add_argument("--kernel", default=sys.executable, help="the Python to run them with; it needs ipykernel")
    options.add_argument("--source-only", action="store_true", help="run nothing: a second instead of a minute")
    options.add_argument("--runs", type=Path, default=Path("runs"), help="where our own notebooks find their inputs")
    options.add_argument("--customers", type=whole_number("N"), help="for notebooks with this parameter (make: N=)")
    options.add_argument("--seed", type=whole_number("SEED"), help="likewise (make: SEED=)")
    options.add_argument("--month", type=parse_month_argument, help="likewise (make: MONTH=)")
    arguments = options.parse_args(words)
    named = {name: value for name in ("customers", "seed", "month") if (value := getattr(arguments, name)) is not None}
    paths = paths_of(arguments.paths or [OURS])
    found: list[Refusal] = []
    with tempfile.TemporaryDirectory(prefix="caches-") as caches:
        kept = arguments.runs.resolve() / "notebooks" / "caches" if arguments.runs.is_dir() else Path(caches)
        settings = Settings(str(usable(arguments.kernel)), kept, [REPOSITORY])
        with progress_bar("check", len(paths), "notebooks") as bar:
            for path in paths:
                ours = path.resolve().is_relative_to(OURS) and path.resolve().parent == OURS
                root = arguments.root or (arguments.runs if ours else path.parent)
                trial = Trial(root, named, settings, partial(_say, bar, path.name))
                found += refusals_of(path, trial, source_only=arguments.source_only)
                bar.advance()
            bar.say("check")
    for refusal in found:
        console.print(f"{refusal}.", soft_wrap=True)
    refused = len({refusal.notebook for refusal in found})
    console.print(summary(len(paths), refused, arguments.source_only), soft_wrap=True)
    if found:
        raise SystemExit(1)


def refusals_of(path: Path, trial: Trial, *, source_only: bool = False) -> list[Refusal]:
    """Return all refusals of one notebook. It is run only if its source has none."""
    shown = Path(os.path.relpath(path)) if path.resolve().is_relative_to(Path.cwd()) else path
    try:
        notebook = read_notebook(path)
    except NotANotebook as error:
        what, _, instead = str(error).partition(": ")
        return [Refusal(shown, None, what, instead or "restore it, or delete it")]
    notebook = replace(notebook, path=shown)
    found = refusals_of_source(notebook)
    return found if found or source_only else refusals_of_trial(notebook, trial)


def _say(bar: Bar, name: str, words: str) -> None:
    bar.say(f"{name}: {words}")


def paths_of(named: Sequence[Path]) -> list[Path]:
    """Return the notebooks that these paths name. Raises BadInput if one does not exist or holds no notebook."""
    found: list[Path] = []
    for path in named:
        if path.is_file():
            found.append(path)
        elif not path.is_dir():
            raise BadInput(f"DIR={path} does not exist: name a folder of notebooks")
        elif inside := sorted(path.glob("[0-9][0-9]_*.py")) if path.resolve() == OURS else notebooks_in(path):
            found += inside
        else:
            raise BadInput(f"DIR={path} holds no notebook: name a folder with .ipynb files, or .py files with cells")
    return found


def usable(python: str) -> Path:
    """Return the path of a Python. Raises BadInput if there is none."""
    path = Path(python).expanduser().absolute()
    if path.is_dir():
        path = path / "bin" / "python"
    if not os.access(path, os.X_OK):
        raise BadInput(f"KERNEL={python} is no Python that can be run: name one, such as .venv/bin/python")
    asked = subprocess.run([path, "-c", "import ipykernel"], capture_output=True, check=False)
    if asked.returncode:
        raise BadInput(f"KERNEL={python} has no ipykernel: install it there, because it runs the notebooks")
    return path


def summary(checked: int, refused: int, source_only: bool) -> str:
    """Return the last line of the report."""
    how = "by source alone" if source_only else "by source and in a sandbox"
    counted = f"{checked} notebook{'s' if checked != 1 else ''} checked {how}"
    return f"{counted}: {refused} refused" if refused else f"{counted}: nothing to refuse"
