"""`python -m model_pipeline`: solve the churn problem with scikit-learn, or learn from your own CSV (--data)."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from churn.collect import data_fingerprint
from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.processes import alone_in
from churn.harness.report import Report, StageClock, report_on
from churn.harness.terminal import console, print_stages, progress_bar
from churn.harness.unfinished import unfinished
from churn.lake import partition
from model_pipeline.own_table import command as own_table
from model_pipeline.terminal.progress import SEARCH_STEPS

if TYPE_CHECKING:
    from model_pipeline.card.evaluate import Holdout


@exit_on_bad_input
def main() -> None:
    options = parser("model_pipeline", "The churn problem, solved by a scikit-learn Pipeline.")
    own_table.add_options(options)
    arguments = options.parse_args()
    if own_table.wants_own_table(arguments):
        own_table.learn(arguments)
        return
    folder = arguments.runs / "model"
    with alone_in(folder), unfinished(folder):
        data = operator_data(arguments)
        with progress_bar("six stages, with a search", len(data.months) + SEARCH_STEPS + 1, "model") as bar:
            report, holdout = solve(data, folder, bar.advance)
        print_result(folder, report, holdout)


def solve(data: OperatorData, folder: Path, advance: Callable[[], object] = lambda: None) -> tuple[Report, "Holdout"]:
    """Run the six stages in `folder` and write the model card and the report there.

    `advance` is called once a month, SEARCH_STEPS times during the search, and once after the card is written.
    """
    from model_pipeline.card.show import show  # imported here, because scikit-learn takes a second
    from model_pipeline.pipeline import run

    lake, clock = folder / "lake", StageClock()
    baseline, predictions = run(data.source, lake, data.months, seed=data.seed or 0, clock=clock, advance=advance)
    holdout, artifacts = show(lake, data.newest, data.truth, folder, data.seed)
    advance()
    report = report_on(
        folder,
        data,
        engine={"name": "scikit-learn", "version": version("scikit-learn")},
        isolation="none",
        stages=clock.stages(),
        fingerprint=data_fingerprint(lake, data.newest),
        predictions=predictions,
        baseline=baseline.as_dict(),
        ceiling=holdout.ceiling,
        best=holdout.best_scores().as_dict(),
        best_predictions=pl.read_parquet(partition(lake, "calls", data.newest) / "calls.parquet", glob=False),
        artifacts=artifacts,
    )
    return report, holdout


def print_result(folder: Path, report: Report, holdout: "Holdout") -> None:
    from model_pipeline.terminal.summary import print_files, print_holdout, print_next

    print_stages(report)
    print_holdout(f"on the {len(holdout.churned):,} customers of {report.holdout_month}, held out", holdout)
    print_files(folder)
    console.print(f"whom to call: {folder / 'whom_to_call.csv'}", soft_wrap=True)
    console.print(f"report: {folder / 'report.json'}", soft_wrap=True)
    print_next(folder / "model.skops", folder / "customers.csv")


if __name__ == "__main__":
    main()
