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
    from model_pipeline.own_table.typed import columns_of_model, typed, unlike_training

    out = output_file(arguments.out, arguments.customers, arguments.model)
    model = load_model(arguments.model)
    table, notes, _ = read_csv(arguments.customers)
    customers, columns = table.drop(OURS, strict=False), columns_of_model(model)
    for note in [*notes, *unlike_training(customers, columns)]:
        console.print(f"  {note}", markup=False)
    try:
        rows = typed(customers, columns)
        with threadpool_limits(1):
            probability, predicted = positive_probability(model, rows), model.predict(rows)
    except BadInput as error:
        raise BadInput(f"{arguments.customers}: {error}") from None
    answer = customers.with_columns(churn_probability=pl.Series(probability), churn_predicted=pl.Series(predicted))
    write_file(out, answer.write_csv())
    called = int((predicted == model.pos_label).sum())
    console.print(f"{len(answer):,} rows, {called:,} at {model.threshold:.1%} or above: {out}", soft_wrap=True)


if __name__ == "__main__":
    main()
