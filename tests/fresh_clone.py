"""Running make for real in a copy of the repository, with a stand-in for Python, uv or Docker."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def make(folder: Path, *words: str, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in `folder`; `path` goes in front of PATH."""
    search = os.pathsep.join(part for part in (path, os.environ["PATH"]) if part)
    return subprocess.run(
        ["make", *words],
        cwd=folder,
        env=without_make() | {"PATH": search} | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def without_make() -> dict[str, str]:
    """Return this process's environment without what an outer make put there."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


def built(clone: Path, *environments: str) -> None:
    """Make environments that look finished, whose Python writes down its arguments."""
    for name in environments:
        standin_python(clone, name)
        (clone / ".venv" / name / ".ok").touch()


def standin_python(clone: Path, environment: str, *lines: str) -> None:
    """Make a Python that writes down its arguments and then runs `lines`. It runs the runner of the lanes for real."""
    script(
        clone / ".venv" / environment / "bin" / "python",
        f'[ "$2" != churn.harness.lanes ] || PYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"',
        'printf "%s\\n" "$@" >>arguments',
        *lines,
    )


def arguments(clone: Path) -> list[str]:
    return (clone / "arguments").read_text(encoding="utf-8").splitlines()


def standin_uv(folder: Path, sync: str = "true") -> str:
    """A uv that makes an environment of the Python that runs this test; `sync` is what `uv pip sync` does."""
    script(
        folder / "uv",
        'case "$1 $2" in',
        'venv*) for last; do :; done; mkdir -p "$last/bin" "$last/lib/one-1.dist-info"',
        f'    ln -s "{sys.executable}" "$last/bin/python" ;;',
        f'"pip sync") {sync} ;;',
        "esac",
    )
    return str(folder)
