"""Let every fault happen to every pipeline and write the table: `make contrast`.

SCENARIO= and PIPELINE= choose a row, a column or a cell.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, progress_bar
from contrast.cell import ControlFailed, cells
from contrast.matrix import MATRIX, README, print_matrix, put_into_readme, read_cells, write_matrix
from contrast.pipelines import PIPELINES
from contrast.scenarios import scenarios
from contrast.world import exports

AT_ONCE = 3  # pipelines; Airflow mostly waits
LONGEST_FIRST = ("data", "workflow", "tracking", "model", "plain")


@exit_on_bad_input
def main() -> None:
    every = scenarios()
    options = command("contrast", "Break every pipeline and tabulate which one notices.")
    options.add_argument("--scenario", choices=list(every), help="run only this scenario (make: SCENARIO=)")
    options.add_argument("--pipeline", choices=list(PIPELINES), help="run only this pipeline (make: PIPELINE=)")
    options.add_argument("--runs", type=Path, default=Path("runs"), help="working folder (default: runs)")
    options.add_argument("--out", type=Path, default=MATRIX, help="the table to write or update")
    arguments = options.parse_args()
    chosen = {name: each for name, each in every.items() if arguments.scenario in (None, name)}
    columns = [name for name in LONGEST_FIRST if arguments.pipeline in (None, name)]
    table = read_cells(arguments.out)
    there = {(scenario, pipeline) for scenario, row in table.items() for pipeline in row}
    if set(product(every, PIPELINES)) - there - set(product(chosen, columns)):
        raise BadInput(f"{arguments.out} lacks other cells too: run make contrast without options first")

    folder = arguments.runs / "contrast"
    exports(folder)
    started = time.perf_counter()
    steps = len(columns) * (2 + 2 * len(chosen))
    with progress_bar("contrast", steps, "together") as bar, ThreadPoolExecutor(AT_ONCE) as threads:

        def column(name: str) -> dict[str, Any]:
            def advance(what: str) -> None:
                bar.say(f"{name}: {what}")
                bar.advance()

            return cells(PIPELINES[name](folder), chosen, advance)

        try:
            found = dict(zip(columns, threads.map(column, columns), strict=True))
        except ControlFailed as error:
            raise BadInput(f"{error}; {arguments.out} is unchanged") from error
    for name in chosen:
        table[name] = table.get(name, {}) | {pipeline: found[pipeline][name] for pipeline in columns}
    matrix = write_matrix(arguments.out, every, table)
    if arguments.out == MATRIX:
        put_into_readme(README, matrix)
    print_matrix(matrix)
    console.print(f"{len(chosen) * len(columns)} cells and their controls took {time.perf_counter() - started:.0f} s")
    console.print(f"table: {arguments.out}; logs: {folder}/<pipeline>/log.txt", soft_wrap=True)
    console.print("next: contrast/README.md explains how to read the table and how to add a scenario")


if __name__ == "__main__":
    main()
