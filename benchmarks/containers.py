"""What containers cost: `make bench-workflow`, three figures of the workflow pipeline from one run on this machine."""

import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import polars as pl
from docker import DockerClient

from churn.errors import BadInput, exit_on_bad_input
from churn.report import read_report
from churn.terminal import console, print_table
from workflow_pipeline.exit_code import run_docker_container
from workflow_pipeline.images import image
from workflow_pipeline.runner import engine
from workflow_pipeline.served import build_serving_image, serving

RUN = Path("runs/workflow")
STEPS = 25
REQUESTS = 500
COMMAND = ["python", "-c", "print('a step')"]


def step_overhead(client: DockerClient) -> tuple[float, float]:
    """Median seconds of a bare `docker run` and of our runner's step, taken in turns."""
    bare, ours = [], []
    docker_run = ["docker", "run", "--rm", "--network", "none", "--read-only", image("collect"), *COMMAND]
    for _ in range(STEPS):
        started = time.perf_counter()
        subprocess.run(docker_run, check=True, stdout=subprocess.DEVNULL)
        bare.append(time.perf_counter() - started)
        started = time.perf_counter()
        with redirect_stdout(StringIO()):
            run_docker_container(client, image("collect"), COMMAND, {}, network_mode="none", read_only=True)
        ours.append(time.perf_counter() - started)
    return median(bare), median(ours)


def cached_rerun() -> float:
    """Seconds of a run in which nothing has changed since the one before it."""
    command = [sys.executable, "-m", "workflow_pipeline"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def predict_latency(client: DockerClient) -> tuple[float, float]:
    """Seconds of /predict for one customer on loopback: median and 99th percentile."""
    report = read_report(RUN / "report.json")
    with (RUN / "images.log").open("a", encoding="utf-8") as log:
        name, _ = build_serving_image(client, RUN / "model.skops", report, log)
    files = RUN / "steps" / "churn-*" / "process" / "features" / f"month={report.month}" / "*.parquet"
    customer = pl.read_parquet(files, hive_partitioning=False).drop("month").row(0, named=True)
    body = json.dumps({"customers": [customer]})
    seconds = []
    with serving(client, name, (RUN / "steps").resolve()) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc)
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
        raise BadInput("no Docker engine answers: make doctor says how to get one")
    load = os.getloadavg()[0]
    again = cached_rerun()
    bare, ours = step_overhead(client)
    middle, slow = predict_latency(client)
    print_table(
        f"workflow: what containers cost ({os.cpu_count()} cores, load {load:.1f} at the start)",
        ["", "measured"],
        [
            ["a step, bare docker run", f"{bare:.3f} s"],
            ["a step, our runner", f"{ours:.3f} s, {ours / bare:.2f} times"],
            ["a run in which nothing has changed", f"{again:.2f} s"],
            ["/predict, one customer, median", f"{middle * 1000:.1f} ms"],
            ["/predict, one customer, 99th percentile", f"{slow * 1000:.1f} ms"],
        ],
        "workflow",
    )
    console.print("all images from nothing: make clean-images && time make images")


if __name__ == "__main__":
    main()
