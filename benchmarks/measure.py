"""Measure time and peak memory of one piece of work in a separate process."""

import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BYTES_PER_RSS_UNIT = 1 if platform.system() == "Darwin" else 1024  # getrusage speaks KiB, but on macOS bytes


@dataclass(frozen=True)
class Measured:
    """Time and peak memory of one process."""

    seconds: float
    cpu_seconds: float  # user and system, over all cores
    peak_gb: float  # resident


def measured(work: str, *arguments: str) -> Measured:
    """Run a function of benchmarks.work in a new Python. The imports of libraries are not counted."""
    command = [sys.executable, "-m", "benchmarks.measure", work, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(*(float(figure) for figure in done.stdout.split()))


def main() -> None:
    """Do the work in the new process and print its three figures."""
    from benchmarks import work

    name, *arguments = sys.argv[1:]
    started, cpu_started = time.perf_counter(), time.process_time()
    getattr(work, name)(*arguments)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RSS_UNIT
    print(seconds, cpu_seconds, peak / 1e9)


if __name__ == "__main__":
    main()
