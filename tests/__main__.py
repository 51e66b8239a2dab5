"""All tests, in two processes side by side, which on two cores nearly halves the wait: `make test`.

What runs containers or every demo stays in one process, since two of these would sweep up each other's containers.
The rest runs beside it. A process that fails, or that finds no test, makes the whole fail.
"""

import shutil
import signal
import subprocess
import sys
import tempfile

ENGINES = ("tests/workflow_pipeline", "tests/contrast", "tests/test_same_answer.py")
PYTEST = (sys.executable, "-m", "pytest", *sys.argv[1:])


def main() -> int:
    with tempfile.TemporaryFile() as said:
        engines = subprocess.Popen([*PYTEST, *ENGINES], stdout=said, stderr=subprocess.STDOUT)
        others = subprocess.Popen([*PYTEST, *(f"--ignore={path}" for path in ENGINES)])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both, and they stop what they have started
        failed = others.wait()
        print("beside them, what runs containers or every demo:", flush=True)
        failed |= engines.wait()
        said.seek(0)
        shutil.copyfileobj(said, sys.stdout.buffer)
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
