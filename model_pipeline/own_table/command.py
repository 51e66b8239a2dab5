"""The options of `python -m model_pipeline` for a user's own table, and what happens with them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from churn.harness.errors import BadInput
from churn.harness.terminal import console, print_table, progress_bar
from model_pipeline.terminal.progress import SEARCH_STEPS

if TYPE_CHECKING:
    from model_pipeline.own_table.columns import Reading

MOST_COLUMNS = 40  # that the terminal shows


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="a CSV of your own to learn from instead (make: DATA=)")
    parser.add_argument("--target", help="its column to predict, with two outcomes (make: TARGET=)")
    parser.add_argument("--time-column", help="hold out the newest rows by this column (make: TIME=)")
    parser.add_argument("--read", help='how to read columns: "zip=category; joined=%%d.%%m.%%y" (make: READ=)')
    parser.add_argument(
        "--charge-column", help="what each pays a month, to choose the threshold by money (make: CHARGE=)"
    )


def wants_own_table(arguments: argparse.Namespace) -> bool:
    """Return whether --data names a table. Raises BadInput if an option about a table has none, or no target."""
    if arguments.data is None:
        for name in ("target", "time_column", "charge_column", "read"):
            if getattr(arguments, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise BadInput(f"{option} is about a table of yours: name it with --data (make: DATA=)")
    elif arguments.target is None:
        raise BadInput("which column is to be predicted? Name it with --target (make: TARGET=)")
    return arguments.data is not None


def print_readings(readings: Sequence["Reading"]) -> None:
    """Print what was made of each column. In a wide table, those with a remark come first, and the rest is counted."""
    shown = readings
    if len(readings) > MOST_COLUMNS:
        shown = sorted(readings, key=lambda reading: not (reading.why or reading.unknown))[:MOST_COLUMNS]
    rows = [[reading.column, reading.read_as, reading.why, reading.unknown] for reading in shown]
    print_table("how each column is read (READ= changes it)", ["column", "read as", "why", "unknown"], rows, "model")
    if len(shown) < len(readings):
        console.print(f"  and {len(readings) - len(shown):,} columns more: the model card has all")


def learn(arguments: argparse.Namespace) -> None:
    """Fit both models on the table, write everything to `runs/model-<its name>`, and print what a person wants."""
    with progress_bar(f"learn from {arguments.data.name}", 1 + SEARCH_STEPS + 1, "model") as bar:
        from model_pipeline.own_table.run import folder_for, run
        from model_pipeline.own_table.table import understand
        from model_pipeline.terminal.summary import print_files, print_holdout, print_next

        own = understand(
            arguments.data,
            arguments.target,
            arguments.time_column,
            arguments.charge_column,
            arguments.seed,
            arguments.read or "",
        )
        for note in own.notes:
            console.print(f"  {note}", markup=False)
        print_readings(own.readings)
        folder = folder_for(arguments.data, arguments.runs)
        holdout = run(own, folder, arguments.seed, bar.advance)
    print_holdout(f"{own.target} = {own.train.positive}, on {len(holdout.churned):,} rows: {own.split}", holdout)
    print_files(folder)
    print_next(folder / "model.skops", arguments.data)
