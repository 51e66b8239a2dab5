"""Ctrl-C, SIGTERM and SIGHUP end a command for real, wherever they reach it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = """
import contextlib, time
from churn.harness.errors import exit_on_bad_input
from churn.harness.signals import deaf_to_signals, until_stopped

def work():  # a minute, and the first words
    print("at work", flush=True)
    for _ in range(600):
        time.sleep(0.1)  # Python would miss a signal that comes just before one long sleep

@exit_on_bad_input
def main():
{body}

main()
"""
SWALLOWED = """
    try:
        work()
    except BaseException:
        pass
    for _ in range(60):
        time.sleep(1)
"""
TURNED_INTO_AN_ERROR = """
    try:
        work()
    except BaseException as error:
        raise OSError("the store does not answer") from error
"""
LOST_IN_DEL = """
    class Library:
        def __del__(self):
            work()
    Library()
    time.sleep(60)
"""


def ended(body: str, *endings: signal.Signals, nohup: bool = False) -> tuple[int, str, str]:
    """Run a command, send it the signals when it is at work, and return its exit code and what it printed."""
    command = [*(["nohup"] if nohup else []), sys.executable, "-c", COMMAND.replace("{body}", body)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "at work\n"
            for ending in endings:
                child.send_signal(ending)
            printed, errors = child.communicate(timeout=30)
        finally:
            child.kill()
    return child.returncode, printed, errors


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_a_command_with_one_sentence(ending: signal.Signals) -> None:
    assert ended("    work()", ending) == (130, "", "stopped: run the same command again to continue\n")


@pytest.mark.parametrize("body", [SWALLOWED, TURNED_INTO_AN_ERROR, LOST_IN_DEL])
def test_a_library_cannot_lose_a_signal(body: str) -> None:
    code, _, errors = ended(body, signal.SIGINT)
    assert code == 130
    assert errors.endswith("stopped: run the same command again to continue\n")


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's struct sigaction")
def test_polars_does_not_take_ctrl_c_away() -> None:
    body = """
    import ctypes, signal, sys
    def handler():
        action = ctypes.create_string_buffer(256)
        ctypes.CDLL(None).sigaction(signal.SIGINT, None, action)
        return action.raw[:8]
    print("at work", flush=True)
    before = handler()
    import polars
    print(handler() == before, file=sys.stderr)
    """
    assert ended(body) == (0, "", "True\n")


def test_what_tidies_up_is_not_interrupted_by_the_same_signal() -> None:
    body = """
    try:
        work()
    finally:
        with contextlib.suppress(ValueError):
            int("an error meanwhile")
        time.sleep(2)
        print("tidied up")
    """
    assert ended(body, signal.SIGINT)[:2] == (130, "tidied up\n")


def test_a_block_that_is_deaf_to_signals_is_not_interrupted_at_all() -> None:
    body = """
    with deaf_to_signals():
        print("at work", flush=True)
        time.sleep(2)
        print("done")
    """
    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    assert ended(body, *endings) == (0, "done\n", "")


def test_a_server_that_is_meant_to_be_stopped_ends_well() -> None:
    body = """
    with until_stopped():
        work()
    time.sleep(2)
    print("stopped")
    """
    assert ended(body, signal.SIGINT) == (0, "stopped\n", "")


def test_nohup_keeps_a_command_running_when_the_terminal_is_closed() -> None:
    body = """
    print("at work", flush=True)
    time.sleep(2)
    print("done")
    """
    assert ended(body, signal.SIGHUP, nohup=True)[:2] == (0, "done\n")
