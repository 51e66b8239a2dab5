"""Test how make builds an environment, and its message when it cannot."""

import os
import re
from pathlib import Path

import pytest

from tests.fresh_clone import make, script, standin_uv


@pytest.mark.slow
def test_an_environment_is_built_once_and_again_when_its_lock_is_newer(clone: Path, tmp_path: Path) -> None:
    uv = standin_uv(tmp_path / "bin")
    first = make(clone, ".venv/plain/.ok", path=uv)
    assert re.fullmatch(r"environment plain: 1 packages, \d+ s, Python 3\.\d+\.\d+\n", first.stdout), first
    assert "environment" not in make(clone, ".venv/plain/.ok", path=uv).stdout
    lock = clone / "requirements" / "plain.txt"
    later = (clone / ".venv" / "plain" / ".ok").stat().st_mtime + 10
    os.utime(lock, (later, later))
    assert "environment plain" in make(clone, ".venv/plain/.ok", path=uv).stdout


@pytest.mark.slow
def test_a_build_that_is_killed_leaves_nothing_that_looks_finished(clone: Path, tmp_path: Path) -> None:
    killed = standin_uv(tmp_path / "killed", sync="kill -9 $PPID; sleep 0.2")
    assert make(clone, ".venv/plain/.ok", path=killed).returncode == 2
    assert not (clone / ".venv" / "plain").exists()
    assert make(clone, ".venv/plain/.ok", path=standin_uv(tmp_path / "whole")).returncode == 0
    assert (clone / ".venv" / "plain" / ".ok").exists()
    assert [path.name for path in (clone / ".venv").iterdir()] == ["plain"]


@pytest.mark.slow
def test_a_failed_update_says_why_and_keeps_the_old_environment(clone: Path, tmp_path: Path) -> None:
    make(clone, ".venv/plain/.ok", path=standin_uv(tmp_path / "whole"))
    os.utime(clone / ".venv" / "plain" / ".ok", (0, 0))
    failing = standin_uv(tmp_path / "failing", sync="echo no route to host >&2; exit 1")
    failed = make(clone, ".venv/plain/.ok", path=failing)
    assert failed.returncode == 2
    assert "no route to host" in failed.stderr
    assert "environment plain: could not be installed" in failed.stderr
    assert (clone / ".venv" / "plain" / "bin" / "python").exists()


@pytest.mark.slow
def test_an_environment_whose_python_has_gone_is_built_again(clone: Path, tmp_path: Path) -> None:
    uv = standin_uv(tmp_path / "bin")
    make(clone, ".venv/plain/.ok", path=uv)
    python = clone / ".venv" / "plain" / "bin" / "python"
    python.unlink()
    python.symlink_to(tmp_path / "upgraded-away")
    assert "environment plain" in make(clone, ".venv/plain/.ok", path=uv).stdout


def test_a_python_that_is_too_old_is_named_in_a_sentence(clone: Path, tmp_path: Path) -> None:
    old = tmp_path / "bin"
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        script(old / name, '[ "$1" = --version ] && echo Python 3.9.2', "exit 1")
    refused = make(clone, ".venv/plain/.ok", path=str(old), PYTHON="")
    assert refused.returncode == 2
    assert "Python 3.11 or newer is needed" in refused.stderr
    assert "python3 is Python 3.9.2" in refused.stderr
    named = make(clone, ".venv/plain/.ok", "PYTHON=no such python")
    assert "PYTHON=no such python is not a Python 3.11 or newer" in named.stderr


def test_a_python_without_its_venv_module_is_told_apart(clone: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    script(bare / "uv", "exit 127")
    script(
        bare / "python3",
        'case "$2" in *ensurepip*) exit 1 ;; *executable*) echo "$0" ;; esac',
    )
    refused = make(clone, ".venv/plain/.ok", path=str(bare), PYTHON=str(bare / "python3"))
    assert refused.returncode == 2
    assert "sudo apt install python3-venv" in refused.stderr
