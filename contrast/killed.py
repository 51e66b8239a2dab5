"""Run a module and kill it with kill -9 at a chosen moment: python -m contrast.killed TEXT COUNT MODULE [WORDS …]

The moment is just before the module creates, for the COUNT-th time, a folder or file whose path contains TEXT. The
module's code is unchanged, and the process ends without a log line.
"""

import os
import runpy
import signal
import sys
from typing import Any


def die_when(text: str, count: int) -> None:
    made = 0

    def watch(event: str, details: tuple[Any, ...]) -> None:
        nonlocal made
        writes = event == "open" and isinstance(details[1], str) and details[1][0] in "wxa"
        if (writes or event == "os.mkdir") and text in os.fsdecode(str(details[0])):
            made += 1
            if made == count:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    text, count, module = sys.argv[1:4]
    sys.argv[1:4] = []
    die_when(text, int(count))
    runpy.run_module(module, run_name="__main__", alter_sys=True)
