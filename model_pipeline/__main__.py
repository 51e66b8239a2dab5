"""`python -m model_pipeline`: the churn problem with scikit-learn; with --data and --target, a table of your own."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from churn.harness.command import operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, print_table, progress_bar

if TYPE_CHECKING:
    from model_pipeline.card.evaluate import Holdout

# Steps of the progress bar: the search's, and those before and after. (To import train.py and ask takes a second.)
TICKS_AFTER_MONTHS = 13
TICKS_OF_OWN_TABLE = 14


@exit_on_bad_input
def main() -> None:
    command = parser("model_pipeline", "The churn problem, solved by a scikit-learn Pipeline.")
    command.add_argument("--data", type=Path, help="a CSV of your own to learn from instead (make: DATA=)")
    command.add_argument("--target", help="its column to predict, with two outcomes (make: TARGET=)")
    command.add_argument("--time-column", help="hold out the newest rows by this column (make: TIME=)")
    command.add_argument(
        "--charge-column", help="what each customer pays a month: the threshold is then chosen by money"
    )
    arguments = command.parse_args()
    if arguments.data is None:
        for name in ("target", "time_column", "charge_column"):
            if getattr(arguments, name) is not None:
                raise BadInput(
                    f"--{name.replace('_', '-')} is about a table of yours: name it with --data (make: DATA=)"
                )
        run_on_operator(arguments)
    else:
        run_on_own_table(arguments)


def run_on_operator(arguments: argparse.Namespace) -> None:
    data = operator_data(arguments)
    folder = arguments.runs / "model"
    with progress_bar("load scikit-learn", len(data.months) + TICKS_AFTER_MONTHS, "model") as bar:
        from model_pipeline.pipeline import run

        bar.say("six stages, with a search")
        report, holdout = run(data.source, folder, data.months, data.seed, bar.advance)
    print_table(
        f"model: {report.customers:,} customers of {report.month}, by what was learnt up to {report.holdout_month}",
        ["stage", "seconds"],
        [[stage.name, f"{stage.seconds:.2f}"] for stage in report.stages],
        "model",
    )
    print_scores(f"on the {len(holdout.churned):,} customers of {report.holdout_month}, held out", holdout)
    if holdout.ceiling is not None:
        console.print(f"ceiling: ROC-AUC {holdout.ceiling:.4f}, reached by who knows the true probabilities")
    print_paths(folder)
    console.print(f"whom to call: {folder / 'whom_to_call.csv'}   report: {folder / 'report.json'}")
    print_next(folder / "model.skops", folder / "customers.csv")


def run_on_own_table(arguments: argparse.Namespace) -> None:
    if arguments.target is None:
        raise BadInput("which column is to be predicted? Name it with --target (make: TARGET=)")
    with progress_bar(f"learn from {arguments.data.name}", TICKS_OF_OWN_TABLE, "model") as bar:
        from model_pipeline.own_table.run import folder_for, run
        from model_pipeline.own_table.table import understand

        own = understand(
            arguments.data, arguments.target, arguments.time_column, arguments.charge_column, arguments.seed
        )
        for note in own.notes:
            console.print(f"  {note}")
        folder = folder_for(arguments.data, arguments.runs)
        holdout = run(own, folder, arguments.seed, bar.advance)
    print_scores(f"{own.target} = {own.train.positive}, on {len(holdout.churned):,} rows: {own.split}", holdout)
    print_paths(folder)
    print_next(folder / "model.skops", arguments.data)


def print_scores(title: str, holdout: "Holdout") -> None:
    from model_pipeline.card.evaluate import score_table

    print_table(title, *score_table(holdout), "model")


def print_next(model: Path, table: Path) -> None:
    words = [".venv/model/bin/python", "-m", "model_pipeline.predict", str(model), str(table)]
    console.print(f"next: {shlex.join(words)}", soft_wrap=True, markup=False)


def print_paths(folder: Path) -> None:
    console.print(f"card with pictures: {folder / 'card.html'}   model: {folder / 'model.skops'}")


if __name__ == "__main__":
    main()
