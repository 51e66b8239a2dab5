"""The churn problem, tracked: `python -m tracking_pipeline` lets three months go by, and says what came of it."""

import shutil

from churn.harness.command import operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.report import Report, StageClock, write_report
from churn.harness.terminal import console, print_table, progress_bar
from tracking_pipeline.pipeline import Generation
from tracking_pipeline.promote import Decision, history
from tracking_pipeline.safety.store import (
    open_store,
    start_registry_anew,
    store_name,
    store_uri,
    with_store_errors_as_sentences,
)
from tracking_pipeline.story.demo import TIMES_ASKED, bad_challenger, months_to_train, three_months
from tracking_pipeline.story.summary import report_of


@exit_on_bad_input
@with_store_errors_as_sentences
def main() -> None:
    arguments = parser("tracking_pipeline", "The churn problem, tracked with MLflow.").parse_args()
    data = operator_data(arguments)
    folder = arguments.runs / "tracking"
    lake, log, registered = folder / "lake", folder / "mlflow.log", store_name(data)
    open_store(folder, registered)
    start_registry_anew(registered)
    shutil.rmtree(lake, ignore_errors=True)  # MLflow keeps no data: it would not notice another world's
    clock = StageClock()
    with progress_bar("tracking", len(months_to_train(data.months)) + TIMES_ASKED, "tracking") as bar:
        generations = three_months(data, lake, registered, clock, bar)
        answers = bad_challenger(generations[-1], lake, registered, data.seed, log, bar)
        report, predictions = report_of(generations[-1], data, lake, registered, clock)
        bar.say("three months, and a rollback")
    write_report(folder, report, predictions)
    print_story(generations[-1], history(registered), answers, report)
    console.print(f"report: {folder / 'report.json'}")
    console.print(f"store:  {store_uri(folder)} (MLflow's own words: {log})", soft_wrap=True)
    console.print(f"next:   make lineage MONTH={generations[0].month}, and make ui-tracking")


def print_story(last: Generation, decisions: list[Decision], answers: list[list[str]], report: Report) -> None:
    print_table(
        f"trials of {last.month}; * is the winner, which became the challenger",
        ["candidate", "log loss", "ROC-AUC", "campaign, €"],
        [
            [
                ("* " if trial is last.trials[0] else "  ") + trial.candidate.name,
                f"{trial.metrics['log_loss']:.4f}",
                f"{trial.metrics['roc_auc']:.4f}",
                f"{trial.metrics['campaign_value_eur']:,.0f}",
            ]
            for trial in last.trials
        ],
        "tracking",
    )
    print_table(
        "what went live, and why",
        ["month", "version", "decision", "live", "because"],
        [[one.month, one.version, one.what, one.live, one.reasons] for one in decisions],
        "tracking",
    )
    print_table(
        "what the scoring server answered: how likely each of these customers is to leave",
        ["@champion was", *[f"customer {number}" for number in range(1, len(answers[0]) - 1)], "after, s"],
        answers,
        "tracking",
    )
    best = report.best or {}
    ceiling = f", best possible {report.ceiling_roc_auc:.3f}" if report.ceiling_roc_auc else ""
    console.print(
        f"ROC-AUC live {best['roc_auc']:.3f}, baseline {report.baseline['roc_auc']:.3f}{ceiling}; "
        f"campaign {best['campaign_value_eur']:,.0f} €"
    )


if __name__ == "__main__":
    main()
