"""Lay the reports of all pipelines side by side, and say whether they gave the same answer.

`make compare` (also the end of `make demo`). It reads reports and predictions, never a pipeline's code.
"""

import argparse
from pathlib import Path

import polars as pl

from churn.errors import BadInput, exit_on_bad_input
from churn.report import Report, read_report
from churn.terminal import console, print_table

SAME_ANSWER = 1e-6  # the largest difference between two predictions of the same customer


def reports_in(runs: Path) -> dict[str, Report]:
    """The reports of all finished runs by name, the plain answer first. Raises BadInput if there is none."""
    found = {path.parent.name: read_report(path) for path in sorted(runs.glob("*/report.json"))}
    if not found:
        raise BadInput(f"there is no report in {runs}: run make demo-plain first")
    return dict(sorted(found.items(), key=lambda item: (item[0] != "plain", item[0])))


def largest_difference(one: Path, other: Path) -> float | None:
    """Between the predictions of two runs, over all customers; None if they scored different customers."""
    left, right = (pl.read_parquet(folder / "predictions.parquet").sort("customer_id") for folder in (one, other))
    if not left["customer_id"].equals(right["customer_id"]):
        return None
    difference = (left["churn_probability"] - right["churn_probability"]).abs().max()
    return float(difference)  # type: ignore[arg-type]  # never a date


def agreement(runs: Path, name: str, report: Report, reference: Report) -> str:
    """One run's answer against the reference's, in a word or two."""
    if (report.month, report.data_fingerprint) != (reference.month, reference.data_fingerprint):
        return "other data"
    difference = largest_difference(runs / reference.pipeline, runs / name)
    if difference is None:
        return "other customers"
    return "the same" if difference <= SAME_ANSWER else f"differs by {difference:.1g}"


@exit_on_bad_input
def main() -> None:
    command = argparse.ArgumentParser(prog="python -m churn.compare", description="Reports side by side.")
    command.add_argument("--runs", type=Path, default=Path("runs"))
    runs = command.parse_args().runs
    reports = reports_in(runs)
    reference = next(iter(reports.values()))
    print_table(
        f"The same problem, {reference.month}, side by side",
        ["pipeline", "engine", "isolation", "answer", "baseline", "best", "euros", "seconds"],
        [
            [
                name,
                f"{report.engine['name']} {report.engine['version']}",
                report.isolation,
                agreement(runs, name, report, reference),
                f"{report.baseline['roc_auc']:.3f}",
                f"{report.best['roc_auc']:.3f}" if report.best else "–",
                f"{(report.best or report.baseline)['campaign_value_eur']:,.0f}",
                f"{sum(stage.seconds for stage in report.stages):.1f}",
            ]
            for name, report in reports.items()
        ],
    )
    if reference.ceiling_roc_auc:
        console.print(f"ROC-AUC on {reference.holdout_month}; anyone's best would be {reference.ceiling_roc_auc:.3f}.")
    console.print("The answer is the baseline's predictions for the newest month, customer by customer.")


if __name__ == "__main__":
    main()
