"""Run the first cells of a notebook and print what they declare, as JSON. The Python of the notebook runs this file.

    python declare.py < cells.json

Standard input: {"cells": [source, …], "parameters_at": index or null, "parameters": {name: value}}. The file imports no
package of this project; see kernel.py.
"""

import contextlib
import json
import os
import sys
from typing import Any

NAMES = ("INPUTS", "OUTPUTS", "SCHEMAS")


def main() -> None:
    asked = json.load(sys.stdin)
    found: dict[str, Any] = {"__name__": "__main__", "display": print}
    sys.path.insert(0, "")
    with contextlib.redirect_stdout(sys.stderr):
        for number, source in enumerate(asked["cells"]):
            try:
                exec(compile(source, f"cell {number}", "exec"), found)
            except BaseException as error:
                answer = {"failed_at": number, "error": type(error).__name__, "message": str(error)[:500]}
                break
            if number == asked["parameters_at"]:
                found.update(asked["parameters"])
        else:
            answer = {name: plain(found[name]) for name in NAMES if name in found}
    json.dump(answer, sys.stdout)


def plain(value: Any) -> Any:
    """Return paths and types as text, and anything that is not a declaration as its repr."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if isinstance(value, type) or value is None:
        return getattr(value, "__name__", None)
    return str(value)


if __name__ == "__main__":
    main()
