"""Descendants of a process on Linux, and processes that outlive the command that started them."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

ENDED_FROM_A_TERMINAL = (signal.SIGINT, signal.SIGHUP)
PR_SET_CHILD_SUBREAPER = 36  # man 2 PR_SET_CHILD_SUBREAPER
SECONDS_TO_DIE = 10  # of a process that has been killed already, on a busy machine


def let_children_heed_signals() -> None:
    """Start programs as from a terminal, where Ctrl-C and a hang-up end them.

    A process started in the background, or by nohup, ignores these signals, and its children inherit that. They do not
    inherit a handler, so we ignore the signals with one.
    """
    for number in ENDED_FROM_A_TERMINAL:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda number, frame: None)


def descendants(pid: int, but_not_of: Set[int] = frozenset()) -> set[int]:
    """Return the running processes that `pid` has started, directly or through others, but not those `but_not_of`."""
    parent = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            state, of = (process / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parent[int(process.name)] = int(of)
    found = {pid}
    while more := {child for child, of in parent.items() if of in found} - found - but_not_of:
        found |= more
    return found - {pid}


def command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return ""


@contextmanager
def left_running() -> Iterator[list[str]]:
    """Yield a list. At the end it holds the command lines of processes that outlived the block; these are killed.

    Inside the block, Linux makes this process the parent of every descendant whose own parent has ended. A descendant
    cannot hide by changing its session, group, title or environment. What ran before, such as a browser, may start
    processes. On other systems the list stays empty.
    """
    if sys.platform != "linux":
        yield []
        return
    libc = ctypes.CDLL(None, use_errno=True)
    before, found = descendants(os.getpid()), list[str]()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield found
    finally:
        deadline = time.monotonic() + SECONDS_TO_DIE
        while (orphans := descendants(os.getpid(), but_not_of=before)) and time.monotonic() < deadline:
            time.sleep(0.1)
        found += [command_line(pid) for pid in orphans]
        for pid in orphans:
            with suppress(ProcessLookupError, ChildProcessError):  # ended, or another orphan's child
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
