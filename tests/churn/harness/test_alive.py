"""A process is alive if it runs and is the one that was noted; a number is not enough."""

import os
import subprocess
import sys

import pytest

from churn.harness.alive import is_alive, this_process
from churn.harness.processes import wait_until


def test_this_process_is_alive() -> None:
    assert is_alive(this_process())


def test_a_process_of_the_same_number_is_a_different_one() -> None:
    assert not is_alive(f"{os.getpid()} since 1")


@pytest.mark.parametrize("noted", ["", "4711", "x since y", "-1 since 1", "1 since "])
def test_what_is_no_note_is_nobody(noted: str) -> None:
    assert not is_alive(noted)


def test_a_killed_process_that_nobody_has_asked_for_its_exit_code_is_not_alive() -> None:
    say = "import time; from churn.harness.alive import this_process; print(this_process(), flush=True); time.sleep(99)"
    with subprocess.Popen([sys.executable, "-c", say], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        noted = child.stdout.readline().strip()
        assert is_alive(noted)
        child.kill()
        wait_until(lambda: not is_alive(noted), 10, "the killed process counts as alive")
        assert child.returncode is None  # it is still in the list of processes
