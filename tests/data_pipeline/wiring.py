"""Print the DAGs as JSON: tasks, edges, assets, retries, and the side effects of loading them.

The tests run this in the environment that has Airflow, with `-W always`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag

FOLDER = Path(__file__).parents[2] / "data_pipeline"
IGNORED = ".airflowignore"  # Airflow itself reads it


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


touched: list[str] = []


def watch(event: str, details: tuple[Any, ...]) -> None:
    """Record what reaches outside: a file that is neither code nor a DAG's page, a database, a network, a process."""
    if event == "open":
        file = Path(str(details[0])).absolute()
        if file.is_relative_to(FOLDER.parent) and file.suffix not in (".py", ".pyc", ".md") and file.name != IGNORED:
            touched.append(f"open {file}")
    elif event in ("sqlite3.connect", "socket.connect", "subprocess.Popen", "os.mkdir", "os.rename"):
        touched.append(f"{event} {details[0]}")


sys.addaudithook(watch)
bag = DagBag(dag_folder=FOLDER, bundle_path=FOLDER)
touched_while_loading = [*touched]
heavy = {"polars", "sklearn", "pandera", "skops"} & set(sys.modules)
print(
    json.dumps(
        {
            "errors": bag.import_errors,
            "warnings": bag.captured_warnings,
            "touched": touched_while_loading,
            "heavy": sorted(heavy),
            "dags": {
                dag.dag_id: {
                    "tasks": {task.task_id: described(task) for task in dag.tasks},
                    "doc": dag.doc_md,
                    "tags": sorted(dag.tags),
                    "deadline": bool(dag.deadline),
                    "tells": dag.has_on_failure_callback,
                    "max_active_runs": dag.max_active_runs,
                    "starts_on": getattr(dag.timetable.asset_condition, "name", None),
                }
                for dag in bag.dags.values()
            },
        }
    )
)
