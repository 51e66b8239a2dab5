"""The plain answer: `python -m churn` takes the simulated operator's exports through the six stages in one process."""

from churn.harness.command import operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.terminal import console, print_table, progress_bar
from churn.pipeline import run


@exit_on_bad_input
def main() -> None:
    arguments = parser("churn", "The churn problem, solved by a bare script.").parse_args()
    data = operator_data(arguments)
    with progress_bar("six stages, month by month", len(data.months)) as bar:
        report = run(data.source, arguments.runs / "plain", data.months, data.seed, bar.advance)
    print_table(
        f"plain: {report.customers:,} customers of {report.month} scored; held out: {report.holdout_month}",
        ["stage", "seconds"],
        [[stage.name, f"{stage.seconds:.2f}"] for stage in report.stages],
    )
    ceiling = f", best possible {report.ceiling_roc_auc:.3f}" if report.ceiling_roc_auc else ""
    console.print(
        f"ROC-AUC {report.baseline['roc_auc']:.3f}{ceiling}; campaign {report.baseline['campaign_value_eur']:,.0f} €"
    )
    console.print(f"report: {arguments.runs / 'plain' / 'report.json'}")
    console.print("next: make demo-model")


if __name__ == "__main__":
    main()
