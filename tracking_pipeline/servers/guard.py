"""Runs a command that ends when whoever started it ends, even by kill -9: no server is left behind.

    python guard.py SIGTERM "" mlflow server …
    python guard.py SIGINT postgres /usr/lib/postgresql/15/bin/postgres …      as the user postgres

Standard input is a pipe that the starter holds open and writes nothing to. The kernel closes it when the starter ends,
however that happens, on Linux and macOS alike; then the command, and all that it started, gets the signal. Linux could
signal a child by itself (prctl's PR_SET_PDEATHSIG), but not the child's children, and not one of another user.
"""

import os
import signal
import subprocess
import sys
from threading import Thread

SECONDS_TO_END = 30


def main() -> None:
    ending, user, *command = sys.argv[1:]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=user or None,
        cwd="/" if user else None,  # another user might not be let into this folder
    )
    Thread(target=_end_with_the_starter, args=(process, signal.Signals[ending]), daemon=True).start()
    sys.exit(process.wait())


def _end_with_the_starter(process: "subprocess.Popen[bytes]", ending: signal.Signals) -> None:
    sys.stdin.buffer.read()
    os.killpg(process.pid, ending)
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
