"""Starting other programs: a port, a wait until they answer, and an end that nothing outlives."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from churn.harness.addresses import without_proxy
from churn.harness.errors import BadInput
from churn.harness.signals import deaf_to_signals

_held: list[FileLock] = []  # until this process ends


def free_port(usual: int = 0) -> int:
    """Return a free port of 127.0.0.1: the usual one, or any other when that one is 0 or taken.

    A server binds its port seconds after it was chosen here. A lock per port, held until this process ends, keeps two
    of our processes from choosing the same one. Raises BadInput when no port is free.
    """
    for port in (usual, 0):
        with socket.socket() as probe, suppress(OSError, Timeout):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
            probe.bind(("127.0.0.1", port))
            found = int(probe.getsockname()[1])
            lock = FileLock(Path(tempfile.gettempdir()) / f"one-churn-problem-{os.getuid()}-port-{found}.lock")
            lock.acquire(timeout=0)
            _held.append(lock)
            return found
    raise BadInput("no port is free on 127.0.0.1")


def wait_until(
    ready: Callable[[], bool],
    seconds: float,
    what: str,
    alive: Callable[[], object] = lambda: None,
    pause: float = 0.1,
) -> None:
    """Poll until `ready` returns true, with `pause` seconds in between. `alive` runs before each try and may raise.

    Raises BadInput, "`what` within N s", when `seconds` have passed.
    """

    def asked() -> bool:
        alive()
        return ready()

    polling = Retrying(
        stop=stop_after_delay(seconds), wait=wait_fixed(pause), retry=retry_if_result(lambda answer: not answer)
    )
    try:
        polling(asked)
    except RetryError:
        raise BadInput(f"{what} within {seconds:.0f} s") from None


def end_with_parent() -> None:
    """End this process within a second after its parent has ended, however that happened."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def alone_in(folder: Path, sentence: str = "") -> Iterator[None]:
    """Hold the lock of `folder` while the block runs. Raises BadInput when another run holds it, with this sentence."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        busy = f"another run is at work in {folder}: wait for it, or choose a different folder with --runs"
        raise BadInput(sentence or busy) from None
    try:
        yield
    finally:
        lock.release()


class Guarded:
    """A program in its own session, which ends with this process, even if that is killed with SIGKILL.

    A small shell waits on a pipe that only this process holds open. The kernel closes the pipe when this process ends,
    however that happens; the shell then sends `ending` to the program's group, and SIGKILL to its session five seconds
    later. Linux could signal a child by itself (prctl's PR_SET_PDEATHSIG), but not the child's children, and macOS
    could not.

    A session can have further groups: Airflow starts each task as a new group. On macOS the watcher cannot see
    them. It ignores signals, because it is the only one to end children that ignore SIGTERM, such as the idle workers
    of Airflow's LocalExecutor. The program begins when its watcher is there. A command that does not exist ends with
    127 and a line in the log.
    """

    BEGIN = 'read -r begin && exec "$@" </dev/null'
    WATCH = """
        trap "" TERM INT HUP; cat >/dev/null
        kill -s "$1" -- "-$0"; sleep 5; kill -s KILL -- "-$0"
        for stat in /proc/[0-9]*/stat; do
            read -r line <"$stat" || continue
            set -- ${line##*) }  # state, parent, group, session: proc_pid_stat(5)
            [ "$4" != "$0" ] || { pid=${stat%/stat}; kill -s KILL "${pid#/proc/}"; }
        done
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        ending: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.ending = ending
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                ["sh", "-c", self.BEGIN, "sh", *command],
                env=without_proxy(os.environ if environment is None else environment),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,  # a process group, which Ctrl-C does not reach
                user=user,
                cwd="/" if user and cwd is None else cwd,  # another user might not be let into this folder
            )
        self._watcher = subprocess.Popen(
            ["sh", "-c", self.WATCH, str(self.pid), ending.name.removeprefix("SIG")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        with suppress(BrokenPipeError), self.process.stdin as begin:  # broken: the program was killed already
            begin.write(b"\n")

    @property
    def pid(self) -> int:
        return self.process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while the program runs."""
        return self.process.poll()

    def wait(self) -> int:
        """Wait until the program ends by itself, and return its exit code."""
        return self.process.wait()

    def stop(self, seconds: float = 10) -> None:
        """End the program: its group with `ending` first, and after `seconds` its session with SIGKILL."""
        deadline = time.monotonic() + seconds
        self.signal(self.ending)
        while self._is_there() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.kill()

    def kill(self) -> None:
        """End the whole session with SIGKILL, as when the machine fails."""
        self.signal(signal.SIGKILL)
        for pid in psutil.pids():
            with suppress(ProcessLookupError, PermissionError):
                if os.getsid(pid) == self.pid:
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()
        with self._watcher:  # closes its pipe, and waits
            self._watcher.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _is_there(self) -> bool:
        """Return whether any process of the group is left."""
        self.process.poll()
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


@contextmanager
def guarded(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    ending: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    cwd: Path | None = None,
) -> Iterator[Guarded]:
    """Run a program next to the block and stop it, with all its children, when the block ends; see `Guarded`."""
    program = Guarded(command, log, environment, ending, user, cwd)
    try:
        yield program
    finally:
        with deaf_to_signals():
            program.stop()
