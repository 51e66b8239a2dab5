"""`python -m model_pipeline.predict model.skops customers.csv`: the table, with what the model says of each row."""

import argparse
from pathlib import Path

from churn.harness.command import OneSentenceParser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from churn.storage.atomic import write_file

OURS = ["churn_probability", "churn_predicted"]


@exit_on_bad_input
def main() -> None:
    command = OneSentenceParser(prog="python -m model_pipeline.predict", description="Score the customers of a CSV.")
    command.add_argument("model", type=Path, help="a model.skops of this pipeline")
    command.add_argument("customers", type=Path, help="a CSV with the columns that the model was trained on")
    command.add_argument("--out", type=Path, help="where to write (default: <customers>.predictions.csv beside it)")
    predict(command.parse_args())


def predict(arguments: argparse.Namespace) -> None:
    """Write the table with both columns to `--out`, whole or not at all. Raises BadInput if model or table is unfit."""
    from model_pipeline.deploy import scored
    from model_pipeline.model_file.skops_file import load_model
    from model_pipeline.own_table.read_csv import read_csv

    customers: Path = arguments.customers
    stem = customers.name.removesuffix(".gz").removesuffix(".csv")
    out: Path = arguments.out or customers.with_name(f"{stem}.predictions.csv")
    for given in (customers, arguments.model):
        if out.exists() and given.exists() and out.samefile(given):
            raise BadInput(f"{out} is what was given to read: choose another --out, nothing was written")
    if out.is_dir() or not out.parent.is_dir():
        raise BadInput(
            f"{out} cannot be written: " + ("it is a folder" if out.is_dir() else f"there is no folder {out.parent}")
        )
    model = load_model(arguments.model)
    table, notes = read_csv(customers)
    for note in notes:
        console.print(f"  {note}")
    try:
        answer = scored(model, table.drop(OURS, strict=False))
    except BadInput as error:
        raise BadInput(f"{customers}: {error}") from None
    write_file(out, answer.write_csv())
    called = int((answer["churn_predicted"] == model.pos_label).sum())
    console.print(f"{len(answer):,} customers, {called:,} of them at {model.threshold:.1%} or above: {out}")


if __name__ == "__main__":
    main()
