"""Run in the workflow environment, because the contrast's environment has no Docker client.

python -m contrast.inside.workflow kill|ask|start|containers|tidy STEPS …
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

import polars as pl
from docker import DockerClient
from docker.errors import DockerException

from workflow_pipeline.engine.runner import engine, labels_of, sweep
from workflow_pipeline.images import image
from workflow_pipeline.serving.container import predictions_of, serving


def kill_train(client: DockerClient, steps: Path) -> None:
    """Wait for the container of the step `train`, and kill it with SIGKILL."""
    ours = [f"{name}={value}" for name, value in labels_of(steps).items()]
    while True:
        for container in client.containers.list(filters={"label": ours, "ancestor": image("train")}):
            container.kill("SIGKILL")
            return
        time.sleep(0.02)


def answer(client: DockerClient, steps: Path, served: str, question: Path, place: Path) -> None:
    """Write the predictions of a serving image for these customers to `place`."""
    with serving(client, served, steps) as model:
        predictions = predictions_of(model.address, pl.read_parquet(question, glob=False))
    predictions.select("customer_id", "churn_probability").sort("customer_id").write_parquet(place)


def tidy(client: DockerClient, steps: Path, served: list[str]) -> None:
    """Remove the containers of runs in `steps`, and these serving images."""
    sweep(client, steps)
    for name in served:
        with suppress(DockerException):
            client.images.remove(name)


def main() -> None:
    verb, steps, *rest = sys.argv[1:]
    client, folder = engine(), Path(steps)
    if client is None:
        raise SystemExit("no Docker engine answers")
    if verb == "kill":
        kill_train(client, folder)
    elif verb == "ask":
        answer(client, folder, rest[0], Path(rest[1]), Path(rest[2]))
    elif verb == "start":
        with serving(client, rest[0], folder):
            pass
    elif verb == "containers":
        label = [f"{name}={value}" for name, value in labels_of(folder).items()]
        print(*(container.name for container in client.containers.list(all=True, filters={"label": label})))
    else:
        tidy(client, folder, rest)


if __name__ == "__main__":
    main()
