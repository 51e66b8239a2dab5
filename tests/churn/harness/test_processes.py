"""Programs that end, waits that end, folders for one run: real processes, killed for real."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from churn.harness.errors import BadInput
from churn.harness.processes import Guarded, alone_in, free_port, guarded, wait_until

ROOT = Path(__file__).parents[3]
SHELL = ["sh", "-c", "sleep 600 & echo $!; wait"]  # a program with a child
DEAF = ["sh", "-c", "sh -c 'trap : TERM; while :; do sleep 1; done' & echo $!; wait"]  # its child ignores SIGTERM
OTHER_GROUP = [  # its child leaves its group, as a task of Airflow does
    sys.executable,
    "-c",
    "import subprocess as s; c = s.Popen(['sleep', '600'], process_group=0); print(c.pid, flush=True); c.wait()",
]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def child_in(log: Path) -> int:
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"), 10, "the child did not start")
    return int(log.read_text())


@pytest.mark.parametrize("command", [SHELL, OTHER_GROUP])
def test_a_guarded_program_ends_with_the_block_and_so_does_its_child(tmp_path: Path, command: list[str]) -> None:
    with guarded(command, tmp_path / "log") as program:
        child = child_in(tmp_path / "log")
        assert program.poll() is None
        assert runs(child)
    assert program.poll() == -signal.SIGTERM
    wait_until(lambda: not runs(child), 10, "the child outlived the block")


def test_a_program_that_ignores_its_ending_is_killed(tmp_path: Path) -> None:
    program = Guarded(["sh", "-c", "trap '' TERM; echo 1; while :; do sleep 1; done"], tmp_path / "log")
    child_in(tmp_path / "log")
    program.stop(seconds=0.2)
    assert program.poll() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("program", [SHELL, DEAF, OTHER_GROUP])
def test_a_guarded_program_ends_when_the_one_who_started_it_is_killed(tmp_path: Path, program: list[str]) -> None:
    """Also when the watcher gets a SIGTERM: nobody else ends a child that is deaf to it."""
    code = (
        "import sys, time; from pathlib import Path; from churn.harness.processes import Guarded; "
        f"program = Guarded({program!r}, Path(sys.argv[1])); print(program._watcher.pid, flush=True); time.sleep(600)"
    )
    log = tmp_path / "log"
    starter = subprocess.Popen([sys.executable, "-c", code, str(log)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        child = child_in(log)
        assert runs(child)
    finally:
        starter.kill()
        watcher, _ = starter.communicate()
    os.kill(int(watcher), signal.SIGTERM)
    wait_until(lambda: not runs(child), 20, "the child outlived its starter")


def test_a_program_whose_starter_is_killed_before_there_is_a_watcher_never_begins(tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess, sys; from pathlib import Path; from churn.harness.processes import Guarded\n"
        "class Killed(subprocess.Popen):\n"
        "    def __init__(self, command, **options):\n"
        "        if Guarded.WATCH in command: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        super().__init__(command, **options)\n"
        "subprocess.Popen = Killed\n"
        "Guarded(['sh', '-c', 'echo begun'], Path(sys.argv[1]))"
    )
    starter = subprocess.run([sys.executable, "-c", code, str(tmp_path / "log")], cwd=ROOT, check=False)
    assert starter.returncode == -signal.SIGKILL
    time.sleep(1)
    assert (tmp_path / "log").read_text() == ""


def test_two_processes_never_choose_the_same_port() -> None:
    port = free_port()
    ask = f"from churn.harness.processes import free_port; print(free_port({port}))"
    other = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(other.stdout) != port


def test_waiting_ends_when_it_is_ready_and_with_a_sentence_when_it_never_is() -> None:
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() - begun > 0.2, 10, "never ready")
    with pytest.raises(BadInput, match=r"^the server did not answer within 0 s$"):
        wait_until(lambda: False, 0.2, "the server did not answer", pause=0.05)


def test_waiting_ends_when_the_program_has_died() -> None:
    def alive() -> None:
        raise BadInput("it died")

    with pytest.raises(BadInput, match="it died"):
        wait_until(lambda: False, 10, "it did not answer", alive)


def test_a_folder_is_for_one_run_at_a_time(tmp_path: Path) -> None:
    ask = (
        "import sys; from pathlib import Path; from churn.harness.processes import alone_in\n"
        "with alone_in(Path(sys.argv[1]), 'another run is at work'): pass"
    )
    with alone_in(tmp_path / "here", "another run is at work"):
        other = subprocess.run(
            [sys.executable, "-c", ask, str(tmp_path / "here")], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "BadInput: another run is at work" in other.stderr
    with alone_in(tmp_path / "here", "another run is at work"):
        assert (tmp_path / "here").is_dir()
