"""Generate a world and process one month: `make bench`, or `python -m benchmarks --customers 10000000`."""

import argparse
import os
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from benchmarks.generate import generate
from benchmarks.measure import Measured
from benchmarks.process import process
from churn.harness.errors import exit_on_bad_input
from churn.harness.terminal import console, print_table
from churn.simulator.world import World

CUSTOMERS = 1_000_000  # a minute or two; the figures in the documentation are of 10 million


def machine() -> str:
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    busy = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, load {busy:.1f} at the "
        f"start; Python {platform.python_version()}, Polars {pl.__version__}"
    )


def ratio(of: Measured, to: Measured) -> str:
    return f"{of.seconds / to.seconds:.1f}× the time, {of.cpu_seconds / to.cpu_seconds:.1f}× the CPU"


@exit_on_bad_input
def main() -> None:
    command = argparse.ArgumentParser(prog="python -m benchmarks", description="Time and peak memory.")
    command.add_argument("--customers", type=int, default=CUSTOMERS, help=f"of the large world ({CUSTOMERS:,})")
    command.add_argument("--folder", type=Path, help="where to work (default: the system's temporary folder)")
    arguments = command.parse_args()
    World(customers=arguments.customers)  # refuses what cannot be simulated
    about = machine()
    with TemporaryDirectory(dir=arguments.folder, prefix="bench-") as folder:
        with console.status("generating"):
            figures = generate(Path(folder), arguments.customers)
        with console.status("processing"):
            figures |= process(Path(folder))
    print_table(
        f"{arguments.customers:,} customers; {about}",
        ["each in its own process", "seconds", "CPU seconds", "peak GB"],
        [[what, f"{m.seconds:.1f}", f"{m.cpu_seconds:.1f}", f"{m.peak_gb:.2f}"] for what, m in figures.items()],
    )
    features, five_tables, usage = list(figures.values())[-3:]
    console.print(f"process against the bare scan of the five tables: {ratio(features, five_tables)}")
    console.print(f"process against the bare scan of usage alone:     {ratio(features, usage)}")


if __name__ == "__main__":
    main()
