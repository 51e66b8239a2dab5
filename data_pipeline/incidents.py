"""What a person is told when something goes wrong: a line per incident, in incidents.log beside the lake."""

from datetime import UTC, datetime
from typing import Any

from data_pipeline.assets import lake


def write_failure(context: Any) -> None:
    """A task has failed for good. Airflow calls this in the task's own process."""
    task = context["ti"]
    write_incident(f"{context['partition_key']} {task.dag_id}.{task.task_id} failed: {context['exception']}")


def write_overdue(context: dict[str, Any]) -> None:
    """A run has missed its deadline. The scheduler sees it, an executor's worker calls this."""
    run = context["dag_run"]
    write_incident(f"{run['partition_key']} {run['dag_id']} is overdue: it was queued at {run['queued_at']}")


def write_incident(sentence: str) -> None:
    with lake().with_name("incidents.log").open("a", encoding="utf-8") as log:
        log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {' '.join(sentence.split())}\n")
