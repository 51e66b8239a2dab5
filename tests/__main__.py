"""All tests, in two processes side by side, which on two cores nearly halves the wait: `make test`.

What runs containers or every demo stays in one process, since two of these would sweep up each other's containers.
The rest runs beside it. A process that fails, or that finds no test, makes the whole fail.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENGINES = ("tests/workflow_pipeline", "tests/contrast", "tests/test_same_answer.py")
PYTEST = (sys.executable, "-m", "pytest", *sys.argv[1:])


def main() -> int:
    with tempfile.NamedTemporaryFile() as said, Path(said.name).open("rb") as heard:
        engines = subprocess.Popen([*PYTEST, *ENGINES], stdout=said, stderr=subprocess.STDOUT)
        others = subprocess.Popen([*PYTEST, *(f"--ignore={path}" for path in ENGINES)])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both, and they stop what they have started
        failed = others.wait()
        print("beside them, what runs containers or every demo:", flush=True)
        running = True
        while running:
            running = engines.poll() is None
            shutil.copyfileobj(heard, sys.stdout.buffer)
            sys.stdout.flush()
            time.sleep(0.2)
    return int(failed != 0 or engines.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
