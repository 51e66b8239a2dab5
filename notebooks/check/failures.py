"""Say in one sentence why a notebook stopped: most often it needs something that it has not declared."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from notebooks.check.names import stored_in
from notebooks.check.parsed import parsed
from notebooks.check.refusals import Refusal
from notebooks.hermetic.cells import Notebook
from notebooks.hermetic.declared import Declared, belongs_to
from notebooks.hermetic.execute import Failure
from notebooks.hermetic.sandbox import Sandbox

UNDEFINED = re.compile(r"name '(\w+)' is not defined")
ABSENT = re.compile(r"No such file|not found|does not exist|expanded paths were empty|Permission denied", re.IGNORECASE)
QUOTED = re.compile(r"""['"`“]([^'"`“”\n]+)['"`”]""")
UNQUOTED = re.compile(r"[^\s'\"():]*[/.][^\s'\"():]+")
NETWORK = re.compile(r"urlopen error|Connection|Max retries|Temporary failure in name|HTTPError|ConnectError|dns error")
REFUSED_BY_THE_WALL = "[Errno 13] Permission denied"  # of a file it would name the path, of an address it does not


def explained(
    notebook: Notebook, declared: Declared, place: Sandbox, failure: Failure, folders: Sequence[Path]
) -> Refusal:
    """Return the refusal for a notebook that stopped in its sandbox. `folders` are where its person has the files."""
    cell, text = failure.cell, f"{failure.name}: {failure.message}"
    if name := UNDEFINED.search(failure.message):
        later = [
            each.number for each in notebook.code if each.number > cell.number and name[1] in stored_in(parsed(each))
        ]
        made = f"only cell {later[0]} makes" if later else "no earlier cell makes"
        instead = "it ran because the kernel remembered; change the order"
        return Refusal(notebook.path, cell, f"uses {name[1]}, which {made}", instead)
    if failure.name in ("ModuleNotFoundError", "ImportError"):
        instead = "add it to your environment, and name that environment's Python (KERNEL=…/bin/python)"
        return Refusal(notebook.path, cell, f"stops: {failure}", instead)
    if NETWORK.search(text) or failure.message.strip() == REFUSED_BY_THE_WALL:
        instead = "fetch in the collect stage, and read the copy that INPUTS names"
        return Refusal(notebook.path, cell, f"needs a network ({failure})", instead)
    if ABSENT.search(text) and (path := path_in(failure.message)):
        path = path.replace(str(place.home), "~").replace(str(place.temporary), "$TMPDIR")
        if any(belongs_to(os.path.normpath(path), each) for places in declared.outputs.values() for each in places):
            instead = "write it in an earlier cell; here it was left by an earlier run"
            return Refusal(notebook.path, cell, f"reads its own output {path} before it is written", instead)
        if any((folder / path).exists() for folder in folders):
            return Refusal(notebook.path, cell, f"reads {path}, which INPUTS does not name", "name it there")
        instead = "name it in INPUTS, or write it in an earlier cell"
        return Refusal(notebook.path, cell, f"needs {path}, which is not there and which INPUTS does not name", instead)
    return Refusal(
        notebook.path, cell, f"stops in a fresh kernel: {failure}", "run all cells from the top, and correct it"
    )


def path_in(message: str) -> str:
    """Return the path that an error names; "" if it names none."""
    found = [*QUOTED.findall(message), *UNQUOTED.findall(message)]
    return next((path for path in found if "/" in path or "." in path), "")
