"""Test `make doctor`: its findings, and the evidence that it accepts."""

import re
import sys
from pathlib import Path

import pytest

from tests.fresh_clone import make, script

DOCKER_FAKES = {
    "runs": ('case "$1" in version) echo 28.0 ;; esac', "ok", "engine 28.0 ran a container (hello-world)"),
    "no engine": ("echo Cannot connect >&2; exit 1", "note", "no engine answers: Cannot connect"),
    "cannot pull": (
        'case "$1 $*" in version*) echo 20.10 ;; images*) echo base:1 ;; *base:1*) ;; *) exit 1 ;; esac',
        "ok",
        "engine 20.10 ran a container (base:1)",
    ),
    "runs nothing": (
        'case "$1" in version) echo 28.0 ;; images) ;; '
        '*) echo "docker: Error: no space left" >&2; echo "See docker run --help" >&2; exit 125 ;; esac',
        "note",
        "engine 28.0 does not run a container: docker: Error: no space left",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", DOCKER_FAKES)
def test_doctor_believes_a_container_that_ran_and_nothing_less(clone: Path, tmp_path: Path, case: str) -> None:
    docker, status, found = DOCKER_FAKES[case]
    script(tmp_path / "bin" / "docker", docker)
    said = make(clone, "doctor", path=str(tmp_path / "bin")).stdout
    assert re.search(rf"^ *{status}  Docker  {re.escape(found)}$", said, re.MULTILINE), said


def test_doctor_fails_and_explains_the_fix_when_python_is_too_old(clone: Path, tmp_path: Path) -> None:
    old = tmp_path / "bin"
    for name in ("python3.13", "python3.12", "python3.11", "python"):
        script(old / name, "exit 1")
    script(old / "python3", f'[ "$1" = tools/doctor.py ] && exec "{sys.executable}" "$@"', "exit 1")
    told = make(clone, "doctor", path=str(old), PYTHON="")
    assert told.returncode == 2
    assert "missing  Python" in told.stdout
    assert "Missing: Python" in told.stdout
