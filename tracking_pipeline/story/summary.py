"""The end of the demo: the run report that all pipelines write, and the story in three tables."""

from pathlib import Path

import mlflow
import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.evaluation.scores import Scores
from churn.harness.command import OperatorData
from churn.harness.report import STAGES, Report, Stage, report_on
from churn.harness.terminal import console, print_scores, print_table
from churn.lake import partition
from churn.train import training_and_holdout
from tracking_pipeline.deploy import LIVE
from tracking_pipeline.gate import evaluated
from tracking_pipeline.record import find_runs
from tracking_pipeline.registry import load_champion
from tracking_pipeline.safety.killed import process_tags
from tracking_pipeline.safety.moves import history


def write_summary(folder: Path, data: OperatorData, scores: Scores, predictions: pl.DataFrame) -> Report:
    """Write report.json and predictions.parquet to `folder`: the baseline's, and as the best model the live one's."""
    lake = folder / "lake"
    _, holdout = training_and_holdout(lake, data.newest)
    live = evaluated(load_champion(), holdout)
    live_predictions = partition(lake, "live", data.newest) / LIVE
    return report_on(
        folder,
        data,
        engine={"name": "mlflow", "version": mlflow.__version__},
        isolation="none",
        stages=stages(),
        fingerprint=data_fingerprint(lake, data.newest),
        predictions=predictions,
        baseline=scores.as_dict(),
        ceiling=ceiling_roc_auc(data.truth, holdout),
        best={name: live[name] for name in scores.as_dict()},
        best_predictions=pl.read_parquet(live_predictions, glob=False),
        artifacts={
            "predictions": "predictions.parquet",
            "live_predictions": live_predictions.relative_to(folder).as_posix(),
        },
    )


def stages() -> list[Stage]:
    """Return what each stage took in this process, over all months, from the times that MLflow recorded."""
    runs = find_runs(f"tags.role = 'stage' AND tags.process = '{process_tags()['process']}'")
    seconds = dict.fromkeys(STAGES, 0.0)
    for run in runs:
        seconds[run.data.tags["stage"]] += (run.info.end_time - run.info.start_time) / 1000
    return [Stage(stage, round(spent, 3), "ok") for stage, spent in seconds.items()]


def print_story(report: Report, answers: list[list[str]], first_month: str, log: Path, settings: str) -> None:
    """Print the newest month's trials, all decisions, and the scoring server's answers.

    `settings` are those of the world, for the next command.
    """
    trials = find_runs(f"tags.role = 'trial' AND tags.month = '{report.month}'")
    trials.sort(key=lambda run: run.data.metrics["log_loss"])
    print_table(
        f"trials of {report.month}; * is the winner, which became the challenger",
        ["candidate", "log loss", "ROC-AUC", "campaign, €"],
        [
            [
                ("* " if run is trials[0] else "  ") + run.info.run_name,
                f"{run.data.metrics['log_loss']:.4f}",
                f"{run.data.metrics['roc_auc']:.4f}",
                f"{run.data.metrics['campaign_value_eur']:,.0f}",
            ]
            for run in trials
        ],
        "tracking",
    )
    print_table(
        "what went live, and why",
        ["month", "version", "decision", "live", "because"],
        [[made.month, made.version, made.what, made.live, made.reasons] for made in history()],
        "tracking",
    )
    print_table(
        "the scoring server's answers: how likely each of these customers is to leave",
        ["@champion was", *[f"customer {number}" for number in range(1, len(answers[0]) - 1)], "after, s"],
        answers,
        "tracking",
    )
    print_scores(report)
    console.print(f"report: {log.with_name('report.json')}", soft_wrap=True)
    console.print(f"store:  {mlflow.get_tracking_uri()} (MLflow's log: {log})", soft_wrap=True)
    console.print(f"next:   make lineage MONTH={first_month}{settings}, and make ui-tracking")
