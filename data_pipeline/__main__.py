"""`python -m data_pipeline`: a real Airflow backfills the year; the newest export arrives broken and is corrected."""

import signal
from collections import Counter
from pathlib import Path

from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.report import STAGES, Stage
from churn.harness.terminal import console, print_table
from churn.simulator.delivery import deliver
from churn.validate import read_quality
from data_pipeline.local_airflow.backfills import backfill
from data_pipeline.local_airflow.client import Records
from data_pipeline.local_airflow.home import AIRFLOW_VERSION
from data_pipeline.local_airflow.start import Airflow
from data_pipeline.report import report_on

MONTHS_BEFORE_THE_FIRST_MODEL = 2


@exit_on_bad_input
def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # whatever ends this ends Airflow, too
    arguments = parser("data_pipeline", "The churn problem, solved by Airflow.").parse_args()
    data = operator_data(arguments)
    airflow = Airflow(arguments.runs / "data", data.months)
    console.print(f"Airflow {AIRFLOW_VERSION}: API server, scheduler and DAG processor, on {airflow.url}")
    with airflow.running(start_over=True):
        year_with_a_broken_month(airflow, data)
        runs, tasks = airflow.api.runs(), airflow.api.task_instances()
    stages = [Stage(name, _seconds(tasks, name), "ok") for name in STAGES]
    engine = {"name": "airflow", "version": AIRFLOW_VERSION}
    report = report_on(arguments.runs / "data", engine, "process", data, stages)
    print_partitions(airflow.lake, data.months, runs)
    ceiling = f", best possible {report.ceiling_roc_auc:.3f}" if report.ceiling_roc_auc else ""
    console.print(
        f"ROC-AUC {report.baseline['roc_auc']:.3f}{ceiling}; campaign {report.baseline['campaign_value_eur']:,.0f} €"
    )
    console.print(f"report: {arguments.runs / 'data' / 'report.json'}")
    console.print(f"logs: {arguments.runs / 'data' / 'airflow'}")
    console.print("next: make ui-data (the same runs in Airflow's own pages)")


def year_with_a_broken_month(airflow: Airflow, data: OperatorData) -> None:
    """The newest export is broken: the gate closes, the month before stays served; corrected, it alone runs again."""
    first, newest = data.months[0], data.months[-1]
    deliver(data, airflow.folder / "source", broken=newest)
    backfill(airflow, "exports", first, newest, may_fail=frozenset({("exports", newest)}))
    for line in (airflow.folder / "incidents.log").read_text(encoding="utf-8").splitlines():
        console.print(f"[red]incident[/] {line}", soft_wrap=True)
    if len(data.months) > 1 + MONTHS_BEFORE_THE_FIRST_MODEL:
        backfill(airflow, "predictions", data.months[-2], data.months[-2])
        console.print(f"{newest} is missing, so the predictions of {data.months[-2]} are what is served")

    before = {run["dag_run_id"] for run in airflow.api.runs()}
    deliver(data, airflow.folder / "source")
    console.print(f"the operator has sent {newest} again, corrected: that month runs again, and what is made from it")
    backfill(airflow, "exports", newest, newest, again="failed")
    backfill(airflow, "predictions", newest, newest)
    ran = sorted((run["dag_id"], run["partition_key"]) for run in airflow.api.runs() if run["dag_run_id"] not in before)
    console.print("ran after the correction: " + ", ".join(f"{dag} {month}" for dag, month in ran))


def print_partitions(lake: Path, months: list[str], runs: Records) -> None:
    """What Airflow did for each month, and what the contract found."""
    of_dag = Counter((run["dag_id"], run["partition_key"]) for run in runs)
    rows = []
    for month in months:
        quality = read_quality(lake, month)
        rejected = sum(sum(reasons.values()) for reasons in quality.rejected.values())
        counts = [str(of_dag[dag, month]) for dag in ("exports", "features", "predictions")]
        rows.append([month, f"{sum(quality.rows.values()):,}", f"{rejected:,}", f"{quality.late_rows:,}", *counts])
    header = ["partition", "rows", "rejected", "late", "exports", "features", "predictions"]
    print_table("data: what the contract found, and how often each DAG ran", header, rows, "data")


def _seconds(tasks: Records, name: str) -> float:
    return round(sum(task["duration"] or 0.0 for task in tasks if task["task_id"] == name), 3)


if __name__ == "__main__":
    main()
