"""Inside the environment of the containers' engine: what Docker is asked for, beside the pipeline's own commands.

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
from workflow_pipeline.serving.container import ask, serving


def kill_train(client: DockerClient, steps: Path) -> None:
    """Wait for the container of the step `train`, and end it by kill -9."""
    ours = [f"{name}={value}" for name, value in labels_of(steps).items()]
    while True:
        for container in client.containers.list(filters={"label": ours, "ancestor": image("train")}):
            container.kill("SIGKILL")
            return
        time.sleep(0.02)


def answer(client: DockerClient, steps: Path, served: str, question: Path, place: Path) -> None:
    """What the image answers about these customers."""
    customers = pl.read_parquet(question).drop("month")
    with serving(client, served, steps) as address:
        said = [one for rows in customers.iter_slices(1000) for one in ask(address, rows.to_dicts())["predictions"]]
    pl.DataFrame(said).select("customer_id", "churn_probability").sort("customer_id").write_parquet(place)


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
