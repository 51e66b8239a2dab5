"""Does the process that began something still run? Its number alone does not tell: numbers are used again."""

import os

import psutil


def this_process() -> str:
    """Return the number of this process and when it began, such as "4711 since 1795858461" (seconds since 1970)."""
    return f"{os.getpid()} since {psutil.Process().create_time():.0f}"


def is_alive(process: str) -> bool:
    """Return whether the process that `this_process` described still runs.

    A process that was killed stays in the list of processes until its parent has asked for its exit code. In a
    container the first process may never ask.
    """
    number, _, since = process.partition(" since ")
    try:
        found = psutil.Process(int(number))
        return abs(found.create_time() - float(since)) < 2 and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False
