"""The alerts: one line per incident, in incidents.log next to the lake. A team would write to its pager instead."""

import logging
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from churn.harness.errors import refused_by_file_system
from data_pipeline.assets import lake_folder

TIME = "%Y-%m-%d %H:%M:%S"


def write_failure(context: Context) -> None:
    """Report a task that failed for good. Airflow calls this in the task's own process, while its log is open."""
    task, exception = context["ti"], context.get("exception")
    if exception is None:
        return  # the task's process is dead and another one calls: see write_failure_of_run
    sentence = f"{context['partition_key']} {task.dag_id}.{task.task_id} failed: {reason_of(exception)}"
    write_incident(sentence)
    logging.getLogger(__name__).error(sentence)  # the last line of the task's log


def write_failure_of_run(context: Context) -> None:
    """Report a run whose task was killed and could not report itself. Airflow's DAG processor calls this."""
    run, task = context["dag_run"], context["ti"]
    name = f"{run.partition_key} {task.dag_id}.{task.task_id} failed:"
    if not any(name in line for line in incidents_since(run.start_date)):
        write_incident(f"{name} it was killed (out of memory?); again: make rerun-data MONTH={run.partition_key}")


def write_overdue(context: dict[str, Any]) -> None:
    """Report a run that missed its deadline. The scheduler notices it; a worker of the executor calls this."""
    run = context["dag_run"]
    write_incident(
        f"{run['partition_key']} {run['dag_id']} is overdue: waiting or at work since {run['queued_at'][:19]}Z"
    )


def reason_of(exception: str | BaseException) -> str:
    """Return why it failed; if the file system refused (full, read-only), also that nothing was changed."""
    if isinstance(exception, BaseException) and (refused := refused_by_file_system(exception)):
        return f"{refused.partition(': ')[0]}: nothing in {lake_folder()} was changed"
    return str(exception)


def incidents_since(time: datetime) -> list[str]:
    """Return the lines of incidents.log written at `time` or later."""
    log = lake_folder().with_name("incidents.log")
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line for line in lines if line >= f"{time.astimezone(UTC):{TIME}}"]


def write_incident(sentence: str) -> None:
    """Append a line with the time of day in UTC."""
    with lake_folder().with_name("incidents.log").open("a", encoding="utf-8") as log:
        log.write(f"{datetime.now(UTC):{TIME}}Z {' '.join(sentence.split())}\n")
