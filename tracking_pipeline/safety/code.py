"""Which code made an answer: the commit, and a digest of the files as they are."""

import hashlib
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


def git_sha() -> str:
    """Return the commit, with a + if files differ from it; "none" in a folder that Git does not know."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "none"


def code_sha256() -> str:
    """Return the SHA-256 of all code behind the answer: the commit alone does not say how changed files differ."""
    digest = hashlib.sha256()
    for file in sorted([*(HERE / "churn").rglob("*.py"), *(HERE / "tracking_pipeline").rglob("*.py")]):
        digest.update(f"{file.relative_to(HERE).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()
