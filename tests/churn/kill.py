"""Run something in another process, and kill it with kill -9 at a chosen moment.

The moment is counted in changes below a folder: a folder made, a file opened to write, a rename, a removal. Files
that Polars writes are not seen, but each of them lies between two changes that are.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "shutil.copyfile"}

# This process has imported everything, so forking a child from it takes no time.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.churn.small_world"])


def killed(folder: Path, at: int, work: Callable[..., object], *arguments: object) -> bool:
    """Do the work and die just before its change number `at` (from 0) below `folder`. Returns False if it finished."""
    child = _processes.Process(target=_work_until, args=(folder, at, work, *arguments))
    child.start()
    child.join(120)
    assert child.exitcode in (0, -signal.SIGKILL), f"it neither finished nor was killed: {child.exitcode}"
    return child.exitcode != 0


def _work_until(folder: Path, at: int, work: Callable[..., object], *arguments: object) -> None:
    changes = 0

    def watch(event: str, details: tuple[Any, ...]) -> None:
        nonlocal changes
        writes = event == "open" and isinstance(details[1], str) and details[1][0] in "wxa"
        if (writes or event in CHANGES) and str(details[0]).startswith(str(folder)):
            if changes == at:
                os.kill(os.getpid(), signal.SIGKILL)
            changes += 1

    sys.addaudithook(watch)
    work(*arguments)


def killed_after(seconds: float, work: Callable[..., object], *arguments: object) -> None:
    """Do the work and die after so many seconds, whatever it is doing then."""
    child = _processes.Process(target=work, args=arguments)
    child.start()
    child.join(seconds)
    child.kill()
    child.join()
