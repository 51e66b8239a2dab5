"""The house rules for every DAG and task: an owner, a timeout, alerts, a deadline and a page.

Airflow calls these two functions for each DAG and task that it loads: they are its cluster policies
(https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/cluster-policies.html).
It finds them through local_airflow/config/airflow_local_settings.py. A DAG made by `@asset` accepts neither
`default_args` nor a deadline; a policy reaches it too.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG, BaseOperator, DeadlineAlert, DeadlineReference, PartitionedAssetTimetable, SyncCallback

from data_pipeline.incidents import write_failure, write_failure_of_run, write_overdue

# The pages that are shown next to the DAGs. A program that adds DAGs names the folder of their pages.
PAGES = [Path(__file__).parent / "pages", *(Path(more) for more in [os.environ.get("CHURN_MORE_PAGES")] if more)]
# A simulated operator's exports end. Airflow's clock goes on, and would ask for a new export every month.
EXPORTS_END = os.environ.get("CHURN_EXPORTS_END")


def task_policy(task: BaseOperator) -> None:
    """Give the task an owner, an alert when it fails, and a timeout if it has none."""
    task.owner = "data-team"
    task.on_failure_callback = [write_failure]
    task.execution_timeout = task.execution_timeout or timedelta(hours=1)


def dag_policy(dag: DAG) -> None:
    """Give the DAG its page, an alert when a run fails, and a deadline of six hours for each run."""
    (page,) = (file for pages in PAGES if (file := pages / f"{dag.dag_id}.md").is_file())
    dag.doc_md = page.read_text(encoding="utf-8")
    dag.on_failure_callback = [write_failure_of_run]
    dag.has_on_failure_callback = True  # Airflow derived it before this policy ran
    dag.deadline = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(hours=6), callback=SyncCallback(write_overdue)
    )
    if isinstance(dag.timetable, PartitionedAssetTimetable):
        dag.max_active_runs = 1  # events come in any order: the last run of a month must see the newest rows
    if EXPORTS_END:
        dag.end_date = datetime.fromisoformat(EXPORTS_END).replace(tzinfo=UTC)
