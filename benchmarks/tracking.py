"""The cost of tracking: `make bench-tracking` measures the figures of the tracking pipeline on this machine."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean, median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from churn.harness.command import operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.terminal import Bar, console, print_table, progress_bar
from churn.train import training_and_holdout
from tracking_pipeline.candidates.estimators import CANDIDATES
from tracking_pipeline.candidates.judged import judged, split_off_newest_month
from tracking_pipeline.record import month_run, stage_run
from tracking_pipeline.safety.killed import process_tags
from tracking_pipeline.safety.store import open_store, store_name, with_store_errors_as_sentences
from tracking_pipeline.servers.scoring import ask, champion_server, request_body
from tracking_pipeline.train import tried

ROUNDS = 3  # of all candidates
LOGGED = 10_000
SEARCHES = 20
REQUESTS = 500


def demo() -> float:
    """Return the seconds of the demo, whose exports are there already."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tracking_pipeline", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def answers(customer: pl.DataFrame, log: Path) -> tuple[float, float, float]:
    """Return the seconds to the scoring server's first answer, and of later calls: median and 99th percentile."""
    started = time.perf_counter()
    with champion_server(log) as address:
        ask(address, customer)
        first = time.perf_counter() - started
        url, body, seconds = urlsplit(address), json.dumps(request_body(customer)), []
        connection = http.client.HTTPConnection(url.netloc)
        for _ in range(REQUESTS):
            started = time.perf_counter()
            connection.request("POST", url.path, body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            seconds.append(time.perf_counter() - started)
        connection.close()
    return first, median(seconds), quantiles(seconds, n=100)[98]


def trials(rows: pl.DataFrame) -> tuple[float, float]:
    """Return the mean seconds of a trial, without tracking and with it, measured in turns in the open store."""
    past, last = split_off_newest_month(rows)
    bare, tracked = [], []
    with month_run("2025-12", None, "bench"), stage_run("train"):
        for candidate in CANDIDATES * ROUNDS:
            started = time.perf_counter()
            judged(candidate, past, last)
            bare.append(time.perf_counter() - started)
            started = time.perf_counter()
            tried(candidate, past, last)
            tracked.append(time.perf_counter() - started)
    return mean(bare), mean(tracked)


def log_many(store: Path, name: str, bar: Bar) -> None:
    """Log as many trials as there are, each with the tags and figures of a real one."""
    client, experiment = MlflowClient(), open_store(store, name).experiment_id
    for number in range(LOGGED):
        run = client.create_run(experiment, tags={"stage": "train", **process_tags()}, run_name=f"trial {number}")
        metrics = [Metric(metric, number * 7919 % LOGGED, 0, 0) for metric in ("log_loss", "roc_auc", "brier")]
        parameters = [Param("C", str(number)), Param("knots", "4")]
        client.log_batch(run.info.run_id, metrics, parameters, [RunTag("role", "trial")])
        bar.advance()


def best_of_many(store: Path, name: str) -> float:
    """Return the median seconds of finding the best trial, in a copy that is opened again, as every command does."""
    with TemporaryDirectory(prefix="bench-") as copy:
        shutil.copy(store / "mlflow.db", copy)
        mlflow.set_tracking_uri("")
        experiment, seconds = open_store(Path(copy), name).experiment_id, []
        for _ in range(SEARCHES):
            started = time.perf_counter()
            (best,) = mlflow.search_runs(
                [experiment], "tags.role = 'trial'", order_by=["metrics.log_loss"], max_results=1, output_format="list"
            )
            seconds.append(time.perf_counter() - started)
    assert best.data.metrics["log_loss"] == 0
    return median(seconds)


@exit_on_bad_input
@with_store_errors_as_sentences
def main() -> None:
    arguments = parser("benchmarks.tracking", "What tracking costs.").parse_args()
    data, load = operator_data(arguments), os.getloadavg()[0]
    folder, registered = arguments.runs / "tracking", store_name(data)
    with console.status("the demo"):
        whole = demo()
    open_store(folder, registered)
    rows, holdout = training_and_holdout(folder / "lake", data.months[-1])
    with console.status("the scoring server"):
        first, middle, slow = answers(holdout.head(1), folder / "mlflow.log")
    with TemporaryDirectory(prefix="bench-") as store:
        mlflow.set_tracking_uri("")  # else MLflow opens the last store again
        open_store(Path(store), "trials")
        with console.status("trials"):
            bare, tracked = trials(rows)
        with progress_bar(f"logging {LOGGED:,} trials", LOGGED, "tracking") as bar:
            log_many(Path(store), "many trials", bar)
        search = best_of_many(Path(store), "many trials")
    print_table(
        f"tracking: what it costs ({os.cpu_count()} cores, load {load:.1f} at the start)",
        ["", "measured", "limit"],
        [
            ["make demo-tracking, exports there", f"{whole:.1f} s", "60 s"],
            [f"a trial on {len(rows):,} rows, not tracked", f"{bare:.3f} s", ""],
            ["the same trial, tracked on SQLite", f"{tracked:.3f} s, {tracked / bare:.1f} times", ""],
            ["so tracking adds", f"{tracked - bare:.3f} s", "0.15 s"],
            ["the scoring server's first answer", f"{first:.1f} s", "12 s"],
            ["a call for one customer, median", f"{middle * 1000:.1f} ms", "12 ms"],
            ["a call for one customer, 99th percentile", f"{slow * 1000:.1f} ms", ""],
            [f"the best of {LOGGED:,} trials", f"{search:.2f} s", "1 s"],
        ],
        "tracking",
    )


if __name__ == "__main__":
    main()
