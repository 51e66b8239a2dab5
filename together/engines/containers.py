"""Run the model half as a Kubeflow graph, and take what it made back into the lake."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from churn.harness.errors import BadInput
from churn.harness.processes import end_with_parent
from churn.lake import new_partition, partition
from churn.storage.atomic import write_file
from together.engines import network
from together.engines.images import NO_ENGINE
from together.engines.servers import read_servers
from together.graph import model_half
from together.handover import OUTPUTS, TABLES, read_handover
from workflow_pipeline.artifacts import digest_of
from workflow_pipeline.engine.graph import GraphRun, run_pipeline
from workflow_pipeline.engine.runner import engine, run_in_containers


def run_graph(place: Path) -> dict[str, Any]:
    """Run the graph on a month that was handed over in `place`. Return its stages for Airflow's record.

    Raises BadInput with the sentence of the step that failed. The lake is changed only when all steps have succeeded.
    """
    end_with_parent()
    handover, folder = read_handover(place), place.parents[1]
    client = engine()
    if client is None:
        raise BadInput(NO_ENGINE)
    servers = read_servers(folder)

    def configure(steps: Path) -> None:
        run_in_containers(client, steps, place, *(place / table for table in TABLES))
        network.install(client, str(servers.network), servers.variables(inside=True))

    def pipeline() -> Any:
        folders = {"place": place, **{table: place / table for table in TABLES}}
        digests = {f"{name}_sha256": digest_of(folder) for name, folder in folders.items()}
        return model_half(month=handover.month, **{name: str(folder) for name, folder in folders.items()}, **digests)

    run = run_pipeline(pipeline, folder / "kfp", client, configure, log_name=f"{handover.month}.txt")
    take_back(run, folder / "lake", handover.month)
    steps = [{**asdict(stage), "began": run.began.get(stage.name)} for stage in run.stages]
    write_file(folder / "kfp" / f"{handover.month}.json", json.dumps(steps, indent=1))
    return {
        "steps": steps,
        "mlflow_runs": {name: run.artifacts[name].metadata["mlflow_run"] for name in ("model", "live")},
    }


def take_back(run: GraphRun, lake: Path, month: str) -> None:
    """Copy the artifacts of the finished graph into the lake, each partition as a whole; the predictions come last."""
    for table in OUTPUTS:
        with new_partition(partition(lake, table, month)) as folder:
            shutil.copytree(Path(run.artifacts[table].path) / f"month={month}", folder, dirs_exist_ok=True)
