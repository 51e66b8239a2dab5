"""`make notebook NAME=…`: start a new notebook from the template."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from churn.harness.command import command
from churn.harness.errors import BadInput
from churn.harness.terminal import console
from notebooks.hermetic.sandbox import REPOSITORY

TEMPLATE = REPOSITORY / "notebooks" / "TEMPLATE.py"


def new(words: Sequence[str]) -> None:
    """Write a copy of the template under the name that the command line gives. Never replaces a file."""
    options = command("notebooks new", "Start a new notebook from TEMPLATE.py.")
    options.add_argument("name", nargs="?", default="", help="such as 07_by_plan or mine/churn_by_plan (make: NAME=)")
    name = options.parse_args(words).name.removesuffix(".py").removesuffix(".ipynb")
    if not re.fullmatch(r"(?:[\w-]+/)*\w+", name):
        raise BadInput(f"NAME={name} is no name for a notebook: use letters, digits and _, as in NAME=07_by_plan")
    target = TEMPLATE.with_name(f"{name}.py") if "/" not in name else Path(f"{name}.py")
    if target.exists():
        raise BadInput(f"{target} is there already: choose a different NAME")
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = re.sub(r"^\d+_", "", target.stem)
    target.write_text(TEMPLATE.read_text(encoding="utf-8").replace("NAME", stage), encoding="utf-8")
    shown = os.path.relpath(target)
    console.print(f"written: {shown}", soft_wrap=True)
    console.print(f"next: make lab; then make check-notebooks DIR={shown}", soft_wrap=True)
