"""The demo: Airflow backfills the year; the newest export arrives broken and is corrected."""

import argparse
from collections import Counter
from pathlib import Path

import polars as pl

from churn.checks.quality import read_quality
from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.command import OperatorData, operator_data
from churn.harness.report import STAGES, Report, Stage, report_on
from churn.harness.terminal import console, print_scores, print_table, styled
from churn.harness.unfinished import unfinished
from churn.lake import parquet_in, partition
from churn.simulator.delivery import deliver
from churn.tables import FEWEST_MONTHS_TO_LEARN
from churn.train import training_and_holdout
from data_pipeline.local_airflow.backfills import backfill
from data_pipeline.local_airflow.client import Records
from data_pipeline.local_airflow.start import AIRFLOW_VERSION, Airflow


def demo(arguments: argparse.Namespace) -> None:
    """Start Airflow, run the year, stop Airflow; print what its records show."""
    data = operator_data(arguments)
    with unfinished(arguments.runs / "data"):
        airflow = Airflow(arguments.runs / "data", data.months)
        console.print(f"Airflow {AIRFLOW_VERSION}: API server, scheduler and DAG processor, on {airflow.url}")
        with airflow.running(start_over=True):
            year_with_a_broken_month(airflow, data)
            runs, tasks = airflow.api.runs(), airflow.api.task_instances()
            (scores,) = (
                event["extra"]
                for event in airflow.api.get("assets/events", source_task_id="train", limit=100)["asset_events"]
                if event["partition_key"] == data.newest
            )
        report = write_report(airflow, data, tasks, scores)
        print_partitions(airflow.lake, data.months, runs)
        print_scores(report)
        console.print(f"report: {arguments.runs / 'data' / 'report.json'}", soft_wrap=True)
        console.print(f"logs: {arguments.runs / 'data' / 'airflow'}", soft_wrap=True)
        console.print("next: make ui-data (the same runs in Airflow's own pages)")


def year_with_a_broken_month(airflow: Airflow, data: OperatorData) -> None:
    """Close the gate on a broken newest export, then run only that month and everything downstream again."""
    first, newest, previous = data.months[0], data.newest, data.holdout_month
    deliver(data, airflow.folder / "source", broken=newest)
    backfill(airflow, "exports", first, newest, may_fail=frozenset({("exports", newest)}))
    for line in (airflow.folder / "incidents.log").read_text(encoding="utf-8").splitlines():
        console.print(styled(("incident", "red"), f" {line}"), soft_wrap=True)
    if len(data.months) > FEWEST_MONTHS_TO_LEARN:
        backfill(airflow, "predictions", previous, previous)
        console.print(f"{newest} is missing, so the predictions of {previous} stay live")

    earlier = {run["dag_run_id"] for run in airflow.api.runs()}
    deliver(data, airflow.folder / "source")
    console.print(f"the operator sent a corrected {newest}: that month and everything downstream run again")
    backfill(airflow, "exports", newest, newest, again="failed")
    backfill(airflow, "predictions", newest, newest)
    new = [run for run in airflow.api.runs() if run["dag_run_id"] not in earlier]
    ran = sorted(f"{run['dag_id']} {run['partition_key']}" for run in new)
    console.print(f"ran after the correction: {', '.join(ran)}")


def write_report(airflow: Airflow, data: OperatorData, tasks: Records, scores: dict[str, float]) -> Report:
    """Write the run report; a stage's seconds are the durations of all its task instances, added up."""
    lake, month = airflow.lake, data.newest
    seconds = dict.fromkeys(STAGES, 0.0)
    for task in tasks:
        seconds[task["task_id"]] += task["duration"] or 0.0
    return report_on(
        airflow.folder,
        data,
        engine={"name": "airflow", "version": AIRFLOW_VERSION},
        isolation="process",
        stages=[Stage(name, round(total, 3), "ok") for name, total in seconds.items()],
        fingerprint=data_fingerprint(lake, month),
        predictions=pl.read_parquet(parquet_in(partition(lake, "predictions", month))),
        baseline=scores,
        ceiling=ceiling_roc_auc(data.truth, training_and_holdout(lake, month)[1]),
        artifacts={
            "model": f"lake/model/month={month}/model.skops",
            "predictions": "predictions.parquet",
            "quality": f"lake/quarantine/month={month}/quality.json",
        },
    )


def print_partitions(lake: Path, months: list[str], runs: Records) -> None:
    """Print, for each month, what the contract found and how often each DAG ran."""
    of_dag = Counter((run["dag_id"], run["partition_key"]) for run in runs)
    rows = []
    for month in months:
        quality = read_quality(lake, month)
        rejected = sum(sum(reasons.values()) for reasons in quality.rejected.values())
        counts = [str(of_dag[dag, month]) for dag in ("exports", "features", "predictions")]
        rows.append([month, f"{sum(quality.rows.values()):,}", f"{rejected:,}", f"{quality.late_rows:,}", *counts])
    header = ["partition", "rows", "rejected", "late", "exports", "features", "predictions"]
    print_table("data: what the contract found, and how often each DAG ran", header, rows, "data")
