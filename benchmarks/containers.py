"""Measure the cost of containers with `make bench-workflow`: a step, an unchanged run, and a prediction."""

import http.client
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import polars as pl
from docker import DockerClient
from kfp import dsl
from kfp.local import docker_task_handler

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.report import read_report
from churn.harness.terminal import console, print_table
from workflow_pipeline.engine.runner import engine, run_in_containers
from workflow_pipeline.images import image
from workflow_pipeline.serving.container import build_serving_image, serving

RUN = Path("runs/workflow")
STEPS = 25
REQUESTS = 500


@dsl.component(base_image=image("collect"), install_kfp_package=False)
def step(number: int) -> int:
    """Return the parameter: no step can do less."""
    return number


def step_overhead(client: DockerClient) -> tuple[float, float]:
    """Return the median seconds of a bare `docker run` of a step's command, and of the step in kfp with our runner.

    Both are measured in turns under the same restrictions, and both load kfp's executor in the container.
    """
    commands = []
    run_container = docker_task_handler.run_docker_container

    def remember(client: DockerClient, image: str, command: list[str], *rest: Any, **options: Any) -> int:
        commands.append([image, *command])
        return run_container(client, image, command, *rest, **options)

    bare, ours = [], []
    with TemporaryDirectory() as place, redirect_stdout(StringIO()):
        Path(place).chmod(0o755)
        folder, source = Path(place) / "steps", Path(place) / "source"
        folder.mkdir()
        source.mkdir()
        run_in_containers(client, folder, source)
        run_container = docker_task_handler.run_docker_container
        restrictions = ["--network=none", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"]
        user = f"--user={folder.stat().st_uid}:{folder.stat().st_gid}"
        logging.disable()
        for number in range(STEPS):
            with patch.object(docker_task_handler, "run_docker_container", remember):
                ours.append(seconds_of(lambda: step(number=number)))  # noqa: B023  # called before the next round
            docker_run = ["docker", "run", "--rm", *restrictions, user, f"--volume={folder}:{folder}", *commands[-1]]
            bare.append(seconds_of(lambda: subprocess.run(docker_run, check=True, capture_output=True)))  # noqa: B023
        logging.disable(logging.NOTSET)
    return median(bare), median(ours)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cached_rerun() -> float:
    """Return the seconds of a run in which nothing has changed since the previous one."""
    command = [sys.executable, "-m", "workflow_pipeline"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def predict_latency(client: DockerClient) -> tuple[float, float]:
    """Return the seconds of /predict for one customer on loopback: median and 99th percentile."""
    report = read_report(RUN / "report.json")
    with (RUN / "images.log").open("a", encoding="utf-8") as log:
        name, _ = build_serving_image(client, RUN / "model.skops", report, log)
    files = RUN / "steps" / "churn-*" / "process" / "features" / f"month={report.month}" / "*.parquet"
    customer = pl.read_parquet(files, hive_partitioning=False).drop("month").row(0, named=True)
    body = json.dumps({"customers": [customer]})
    seconds = []
    with serving(client, name, (RUN / "steps").resolve()) as served:
        connection = http.client.HTTPConnection(urlsplit(served.address).netloc)  # the client that costs least
        for _ in range(REQUESTS):
            started = time.perf_counter()
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            seconds.append(time.perf_counter() - started)
    return median(seconds), quantiles(seconds, n=100)[98]


@exit_on_bad_input
def main() -> None:
    client = engine()
    if client is None:
        raise BadInput("no Docker engine answers: make doctor explains how to get one")
    load = os.getloadavg()[0]
    again = cached_rerun()
    bare, ours = step_overhead(client)
    middle, slow = predict_latency(client)
    print_table(
        f"workflow: what containers cost ({os.cpu_count()} cores, load {load:.1f} at the start)",
        ["", "measured"],
        [
            ["a step's command, bare docker run", f"{bare:.3f} s"],
            ["a step, kfp and our runner", f"{ours:.3f} s, {ours / bare:.2f} times"],
            ["a run in which nothing has changed", f"{again:.2f} s"],
            ["/predict, one customer, median", f"{middle * 1000:.1f} ms"],
            ["/predict, one customer, 99th percentile", f"{slow * 1000:.1f} ms"],
        ],
        "workflow",
    )
    console.print("all images from nothing: make clean-images && time make images")


if __name__ == "__main__":
    main()
