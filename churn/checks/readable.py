"""Look into folders of others. `Path.glob` finds nothing in a folder that this user may not read; here it fails."""

import stat
from pathlib import Path

from churn.harness.errors import BadInput


def is_folder(path: Path) -> bool:
    """Return whether there is such a folder. Raise BadInput if this user may not look."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        raise _refused(path) from error


def inside(folder: Path, ending: str = "") -> list[Path]:
    """Return what is in the folder and ends so, in order; nothing if there is no such folder.

    Raises BadInput if this user may not read the folder.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(ending))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise _refused(folder) from error


def months_exported(source: Path) -> list[str]:
    """Return the months that have a folder in `source`, in order; nothing if there is no such folder."""
    return [entry.name.removeprefix("month=") for entry in inside(source) if entry.name.startswith("month=")]


def files_of_export(export: Path, manifest: str) -> list[Path]:
    """Return the manifest, if there is one, and the Parquet files of each table, in order.

    Raises BadInput if one of them is no file, or if this user may not read it, or a folder.
    """
    entries = inside(export)
    files = [entry for entry in entries if entry.name == manifest]
    files += [file for table in entries for file in inside(table, ".parquet")]
    for file in files:
        try:
            if not file.is_file():  # to open a named pipe would wait for a writer
                raise BadInput(f"{file} is not a file: put the operator's file there")
            file.open("rb").close()
        except PermissionError as error:
            raise _refused(file) from error
    return files


def _refused(path: Path) -> BadInput:
    return BadInput(f"permission denied: {path} cannot be read by this user; chmod -R a+rX gives everyone access")
