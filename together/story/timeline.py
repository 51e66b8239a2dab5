"""The plot of a run: who did what when, a row per engine, from their own records."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from churn.harness.plots import SOFT, in_style, new_figure, png
from churn.harness.terminal import COLOURS
from data_pipeline.local_airflow.client import Records

Span = tuple[float, float]


@in_style
def draw(folder: Path, tasks: Records, records: dict[str, Any], size: str) -> Path:
    """Draw the spans of Airflow's tasks, Kubeflow's steps, MLflow's runs, and the versions that the endpoint served."""
    tasks_of_airflow = [
        (task["dag_id"], seconds(task["start_date"]), seconds(task["end_date"]))
        for task in tasks
        if task["start_date"] and task["end_date"]
    ]
    airflow = [(began, ended) for _, began, ended in tasks_of_airflow]
    steps = [
        step for file in sorted((folder / "kfp").glob("????-??.json")) for step in json.loads(file.read_text("utf-8"))
    ]
    kubeflow = [(step["began"], step["began"] + step["seconds"]) for step in steps if step["began"]]
    mlflow = [(run["began"], run["ended"]) for run in records["runs"]]
    zero = min(began for began, _ in airflow)
    end = max(ended for _, ended in [*airflow, *kubeflow, *mlflow])
    served = [(seconds(each["since"]), each["version"]) for each in records["endpoint"].get("history", [])]
    data_half = [(began, ended) for dag, began, ended in tasks_of_airflow if dag != "models"]
    models = [(began, ended) for dag, began, ended in tasks_of_airflow if dag == "models"]
    rows: dict[str, tuple[str, list[Span]]] = {
        "Airflow: exports, features": ("data", data_half),
        "Airflow: models": ("data", models),
    }
    if size == "four":
        rows["Kubeflow"] = ("workflow", kubeflow)
    rows["MLflow"] = ("tracking", mlflow)
    figure, (axes,) = new_figure(2.8, columns=1)
    figure.set_size_inches(9.6, 3.2)
    for place, (pipeline, spans) in enumerate(rows.values()):
        bars = [(began - zero, max(ended - began, 0.3)) for began, ended in spans]
        axes.broken_barh(bars, (place - 0.35, 0.7), facecolors=COLOURS[pipeline], alpha=0.75)
    place = len(rows)
    for (since, version), until in zip(served, [*(since for since, _ in served[1:]), end], strict=True):
        axes.broken_barh(
            [(since - zero, until - since)], (place - 0.35, 0.7), facecolors=COLOURS["together"], edgecolor="white"
        )
        axes.text(since - zero + 0.5, place, version, va="center", fontsize=9)
    axes.set_yticks(range(place + 1), [*rows, "endpoint: version"])
    axes.invert_yaxis()
    axes.set_xlabel("seconds since Airflow's first task", color=SOFT)
    picture = folder / "timeline.png"
    png(figure, picture)
    return picture


def seconds(time: str) -> float:
    """Return a time in ISO 8601 as seconds since 1970."""
    return datetime.fromisoformat(time).timestamp()
