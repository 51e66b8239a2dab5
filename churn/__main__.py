"""The plain answer: `python -m churn` takes the simulated operator's exports through the six stages in one process."""

import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.processes import alone_in
from churn.harness.report import Report, StageClock, report_on
from churn.harness.terminal import console, print_scores, print_stages, progress_bar
from churn.harness.unfinished import unfinished
from churn.lake import partition
from churn.pipeline import run
from churn.train import training_and_holdout


@exit_on_bad_input
def main() -> None:
    arguments = parser("churn", "The churn problem, solved by a bare script.").parse_args()
    data = operator_data(arguments)
    folder = arguments.runs / "plain"
    with alone_in(folder), unfinished(folder), progress_bar("six stages, month by month", len(data.months)) as bar:
        report = solve(data, folder, bar.advance)
    print_stages(report)
    print_scores(report)
    console.print(f"report: {folder / 'report.json'}", soft_wrap=True)
    console.print("next: make demo-model")


def solve(data: OperatorData, folder: Path, advance: Callable[[], object] = lambda: None) -> Report:
    """Run the six stages in `folder` and write the report there. `advance` is called once a month."""
    lake, clock = folder / "lake", StageClock()
    scores, predictions = run(data.source, lake, data.months, clock=clock, advance=advance)
    shutil.copyfile(partition(lake, "model", data.newest) / "model.skops", folder / "model.skops")  # outlives the lake
    return report_on(
        folder,
        data,
        engine={"name": "python", "version": platform.python_version()},
        isolation="none",
        stages=clock.stages(),
        fingerprint=data_fingerprint(lake, data.newest),
        predictions=predictions,
        baseline=scores.as_dict(),
        ceiling=ceiling_roc_auc(data.truth, training_and_holdout(lake, data.newest)[1]),
        artifacts={"model": "model.skops", "predictions": "predictions.parquet"},
    )


if __name__ == "__main__":
    main()
