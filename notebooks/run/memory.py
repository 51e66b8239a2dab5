"""Remember what each notebook was run from: a change then runs again what depends on it, and only that.

    runs/notebooks/executed/03_process.json     digests of the notebook, its parameters, inputs, code, and outputs

Times of files play no part. A notebook that runs again and writes the same bytes sets nothing else off.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from churn.storage.atomic import sha256_of, write_file
from notebooks.hermetic.cells import Notebook
from notebooks.hermetic.sandbox import REPOSITORY, files_at, modules_imported

Digests = dict[str, str]


def digests(notebook: Notebook, parameters: Mapping[str, Any], working_folder: Path, places: Iterable[str]) -> Digests:
    """Return a SHA-256 for each thing that the notebook depends on: itself, its parameters, its inputs, its code."""
    return {
        "notebook": sha256_of(notebook.path),
        "parameters": _sha256(json.dumps(dict(parameters), sort_keys=True)),
        "inputs": of_files(working_folder, places),
        "code": _of_code(cell.source for cell in notebook.code),
    }


def of_files(working_folder: Path, places: Iterable[str]) -> str:
    """Return one SHA-256 over the names and bytes of all files at these places."""
    files = {name: path for place in places for name, path in files_at(working_folder, place).items()}
    return _sha256("".join(f"{name}\n{sha256_of(path)}\n" for name, path in sorted(files.items())))


def what_changed(record: Path, now: Digests, outputs: str) -> list[str]:
    """Return what differs from the last run, in words; an empty list if nothing does."""
    try:
        before = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ["it has not run yet"]
    changed = [name for name, digest in now.items() if before.get(name) != digest]
    return changed + (["outputs"] if before.get("outputs") != outputs else [])


def remember(record: Path, now: Digests, outputs: str) -> None:
    write_file(record, json.dumps({**now, "outputs": outputs}, indent=1) + "\n")


def _of_code(sources: Iterable[str]) -> str:
    """Return one SHA-256 over every file of churn/ that these cells import, directly or through others."""
    files: set[Path] = set()
    to_read: list[str] = list(sources)
    while to_read:
        for file in _files_of(modules_imported(to_read.pop())):
            if file not in files:
                files.add(file)
                to_read.append(file.read_text(encoding="utf-8"))
    lock = REPOSITORY / "requirements" / "notebooks.txt"
    return _sha256("".join(f"{file}\n{sha256_of(file)}\n" for file in sorted({*files, lock})))


def _files_of(modules: Sequence[str]) -> Iterable[Path]:
    for module in modules:
        parts = module.split(".")
        if parts[0] == "churn":
            ends = [REPOSITORY.joinpath(*parts[:length]) for length in range(1, len(parts) + 1)]
            yield from (
                file for end in ends for file in (end.with_suffix(".py"), end / "__init__.py") if file.is_file()
            )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
