"""What a person is told when something goes wrong: a line per incident, in incidents.log beside the lake."""

import logging
from datetime import UTC, datetime
from typing import Any

from churn.harness.errors import refused_by_file_system
from data_pipeline.assets import lake

TIME = "%Y-%m-%d %H:%M:%S"


def write_failure(context: Any) -> None:
    """A task has failed for good. Airflow calls this in the task's own process, so it is its log's last line, too."""
    task, exception = context["ti"], context.get("exception")
    if exception is None:
        return  # that process is dead, and Airflow calls from another: see write_failure_of_run
    sentence = f"{context['partition_key']} {task.dag_id}.{task.task_id} failed: {in_plain_words(exception)}"
    write_incident(sentence)
    logging.getLogger(__name__).error(sentence)


def write_failure_of_run(context: Any) -> None:
    """A run has failed, which its task has told, unless it was killed. Airflow's DAG processor calls this."""
    run, task = context["dag_run"], context["ti"]
    name = f"{run.partition_key} {task.dag_id}.{task.task_id} failed:"
    told = incidents_since(run.start_date)
    if not any(name in line for line in told):
        write_incident(f"{name} it was killed (out of memory?); again: make rerun-data MONTH={run.partition_key}")


def write_overdue(context: dict[str, Any]) -> None:
    """A run has missed its deadline. The scheduler sees it, an executor's worker calls this."""
    run = context["dag_run"]
    write_incident(
        f"{run['partition_key']} {run['dag_id']} is overdue: waiting or at work since {run['queued_at'][:19]}Z"
    )


def in_plain_words(exception: BaseException) -> str:
    """Return why it failed; if the file system refused (full, read-only), also that nothing was changed."""
    if refused := refused_by_file_system(exception):
        return f"{refused.partition(': ')[0]}: nothing in {lake()} was changed"
    return str(exception)


def incidents_since(time: datetime) -> list[str]:
    log = lake().with_name("incidents.log")
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line for line in lines if line >= f"{time.astimezone(UTC):{TIME}}"]


def write_incident(sentence: str) -> None:
    with lake().with_name("incidents.log").open("a", encoding="utf-8") as log:
        log.write(f"{datetime.now(UTC):{TIME}}Z {' '.join(sentence.split())}\n")
