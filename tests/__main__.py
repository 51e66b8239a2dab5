"""All tests, in three processes side by side, which on two cores nearly halves the wait: `make test`.

Much of it is waiting, for containers and schedulers. What builds images stays in one process, since two of these would
sweep up each other's builds. Each demo that tests look at is run once for all. A process that fails, or that finds no
test, makes the whole fail.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

CONTAINERS = ("tests/workflow_pipeline", "tests/contrast", "tests/test_same_answer.py")
AIRFLOW = ("tests/data_pipeline",)
PYTEST = (sys.executable, "-m", "pytest", *sys.argv[1:])


def main() -> int:
    with ExitStack() as stack:
        os.environ["TEST_DEMOS"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="demos of the tests "))
        beside = []
        for tests in (AIRFLOW, CONTAINERS):
            output = stack.enter_context(tempfile.NamedTemporaryFile())
            process = subprocess.Popen([*PYTEST, *tests], stdout=output, stderr=subprocess.STDOUT)
            beside.append((tests, process, stack.enter_context(Path(output.name).open("rb"))))
        rest = subprocess.Popen([*PYTEST, *(f"--ignore={path}" for path in (*AIRFLOW, *CONTAINERS))])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all, and they stop what they have started
        codes = [rest.wait()]
        for tests, process, said in beside:
            print(f"beside them, {' '.join(tests)}:", flush=True)
            codes.append(relay(process, said))
    return int(any(codes))


def relay(process: "subprocess.Popen[bytes]", said: BinaryIO) -> int:
    """Show what the process has said and goes on saying, until it ends; return its exit code."""
    running = True
    while running:
        running = process.poll() is None
        shutil.copyfileobj(said, sys.stdout.buffer)
        sys.stdout.flush()
        time.sleep(0.2)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
