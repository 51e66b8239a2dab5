"""`python -m model_pipeline.predict model.skops customers.csv`: write the table with what the model predicts."""

import argparse
from pathlib import Path

import polars as pl

from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from churn.storage.atomic import write_file
from model_pipeline.own_table.output_file import OURS, output_file


@exit_on_bad_input
def main() -> None:
    options = command("model_pipeline.predict", "Score the customers of a CSV.")
    options.add_argument("model", type=Path, help="a model.skops of this pipeline")
    options.add_argument("customers", type=Path, help="a CSV with the columns that the model was trained on")
    options.add_argument("--out", type=Path, help="where to write (default: <customers>.predictions.csv next to it)")
    predict(options.parse_args())


def predict(arguments: argparse.Namespace) -> None:
    """Write the table and two columns more to `--out`, whole or not at all.

    Raises BadInput if the model or the table is unfit, or if the output file cannot be written.
    """
    from threadpoolctl import threadpool_limits

    from model_pipeline.model_file.skops_file import load_model, positive_probability
    from model_pipeline.own_table.read_csv import read_csv

    out = output_file(arguments.out, arguments.customers, arguments.model)
    model = load_model(arguments.model)
    table, notes = read_csv(arguments.customers)
    for note in notes:
        console.print(f"  {note}", markup=False)
    customers = table.drop(OURS, strict=False)
    try:
        with threadpool_limits(1):
            probability, predicted = positive_probability(model, customers), model.predict(customers)
    except BadInput as error:
        raise BadInput(f"{arguments.customers}: {error}") from None
    answer = customers.with_columns(churn_probability=pl.Series(probability), churn_predicted=pl.Series(predicted))
    write_file(out, answer.write_csv())
    called = int((predicted == model.pos_label).sum())
    console.print(f"{len(answer):,} customers, {called:,} of them at {model.threshold:.1%} or above: {out}")


if __name__ == "__main__":
    main()
