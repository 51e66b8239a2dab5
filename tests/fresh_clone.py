"""Running make for real in a copy of the repository, with a stand-in for Python, uv or Docker."""

import os
import subprocess
import sys
from pathlib import Path


def make(folder: Path, *words: str, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in `folder`; `path` goes in front of PATH. What an outer make says is not passed on."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    search = os.pathsep.join(part for part in (path, os.environ["PATH"]) if part)
    return subprocess.run(
        ["make", *words],
        cwd=folder,
        env=inherited | {"PATH": search} | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


def built(clone: Path, *environments: str) -> None:
    """Environments that look finished, whose Python writes down its arguments."""
    for name in environments:
        script(clone / ".venv" / name / "bin" / "python", 'printf "%s\\n" "$@" >>arguments')
        (clone / ".venv" / name / ".ok").touch()


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
