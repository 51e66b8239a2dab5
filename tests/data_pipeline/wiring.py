"""Prints the DAGs as JSON: tasks, edges, assets, retries. Run by the tests in the environment that has Airflow."""

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag

FOLDER = Path(__file__).parents[2] / "data_pipeline"


def described(task: Any) -> dict[str, Any]:
    return {
        "after": sorted(task.upstream_task_ids),
        "inlets": sorted(asset.name for asset in task.inlets),
        "outlets": sorted(asset.name for asset in task.outlets),
        "retries": task.retries,
        "owner": task.owner,
        "timeout_s": task.execution_timeout.total_seconds(),
        "tells": bool(task.on_failure_callback),
    }


bag = DagBag(dag_folder=FOLDER, bundle_path=FOLDER)
heavy = {"polars", "sklearn", "pandera", "skops"} & set(sys.modules)
print(
    json.dumps(
        {
            "errors": bag.import_errors,
            "heavy": sorted(heavy),
            "dags": {
                dag.dag_id: {
                    "tasks": {task.task_id: described(task) for task in dag.tasks},
                    "doc": dag.doc_md,
                    "tags": sorted(dag.tags),
                    "deadline": bool(dag.deadline),
                }
                for dag in bag.dags.values()
            },
        }
    )
)
