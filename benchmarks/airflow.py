"""Measure the cost of Airflow, `make bench-data`: the demo's time and memory, and its stages next to plain's."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.report import Report, read_report
from churn.harness.terminal import console, print_table

RUNS = Path("runs")
SECONDS_BETWEEN_LOOKS = 0.5


def memory_of(process: psutil.Process) -> int:
    """Return the bytes of the process and its descendants; on Linux, shared pages are divided among them (PSS)."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            memory = member.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
    return total


def demo() -> tuple[float, int]:
    """Return the seconds of the demo, whose exports are there already, and the peak of its memory in bytes."""
    started, peak = time.perf_counter(), 0
    with subprocess.Popen([sys.executable, "-m", "data_pipeline"], stdout=subprocess.DEVNULL) as command:
        while command.poll() is None:
            with suppress(psutil.NoSuchProcess):
                peak = max(peak, memory_of(psutil.Process(command.pid)))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    if command.returncode:
        raise BadInput("make demo-data failed: run it alone to see why")
    return time.perf_counter() - started, peak


def seconds_of(report: Report) -> float:
    return sum(stage.seconds for stage in report.stages)


@exit_on_bad_input
def main() -> None:
    plain = RUNS / "plain" / "report.json"
    if not plain.is_file():
        raise BadInput("there is nothing to compare with: run make demo-plain first")
    load = os.getloadavg()[0]
    with console.status("the demo"):
        wall, peak = demo()
    ours, theirs = seconds_of(read_report(RUNS / "data" / "report.json")), seconds_of(read_report(plain))
    print_table(
        f"data: what Airflow costs ({os.cpu_count()} cores, load {load:.1f} at the start)",
        ["", "measured", "limit"],
        [
            ["make demo-data, exports there", f"{wall:.0f} s", "90 s"],
            ["peak memory of all its processes", f"{peak / 1e9:.2f} GB", "1.20 GB"],
            ["durations of all tasks, added up", f"{ours:.1f} s", ""],
            ["the six stages in the last make demo-plain", f"{theirs:.1f} s, {ours / theirs:.0f} times less", ""],
        ],
        "data",
    )


if __name__ == "__main__":
    main()
