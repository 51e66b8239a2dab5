"""Model Deployment, outside the graph: an image with the model inside, started here, asked, compared, stopped."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import polars as pl
from docker import DockerClient
from docker.errors import APIError, NotFound

from churn.harness.errors import BadInput
from churn.harness.report import Report
from churn.storage.atomic import sha256_of
from workflow_pipeline.containers.build_images import build, sweep_builds
from workflow_pipeline.engine.runner import labels_of_served
from workflow_pipeline.images import REPOSITORY, serving_context, tag_of

START_TIMEOUT_S = 60
CUSTOMERS_A_REQUEST = 1000
TOLERANCE = 1e-6


def build_serving_image(client: DockerClient, model: Path, report: Report, log: TextIO) -> tuple[str, bool]:
    """Build the image that serves `model`, unless it is there. Its name, and whether it was built.

    The name changes with the model as with the code.
    """
    card = {
        "month": report.month,
        "holdout_month": report.holdout_month,
        "scores": report.baseline,
        "best_possible_roc_auc": report.ceiling_roc_auc,
        "data_fingerprint": report.data_fingerprint,
        "model_sha256": sha256_of(model),
    }
    context = serving_context(model, json.dumps(card, indent=1, sort_keys=True))  # kfp gives the scores in any order
    name = f"{REPOSITORY}/serving:{tag_of(context)}"
    built = build(client, name, context, {"ENVIRONMENT": "serve"}, "serving", log)
    if built:
        sweep_builds(client)
    return name, built


@contextmanager
def serving(client: DockerClient, image: str, folder: Path, port: int | None = None) -> Iterator[str]:
    """Start the image on 127.0.0.1, give its address once it is healthy, and stop it. No port: any that is free."""
    container = client.containers.create(
        image,
        ports={"8000/tcp": ("127.0.0.1", port)},
        read_only=True,
        tmpfs={"/tmp": "mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="1g",
        pids_limit=128,
        labels=labels_of_served(folder),
    )
    try:
        try:
            container.start()
        except APIError as error:
            raise BadInput(_why_not_on(port, error)) from error
        container.reload()
        address = f"http://127.0.0.1:{container.ports['8000/tcp'][0]['HostPort']}"
        _wait_until_healthy(address, container)
        yield address
    finally:
        with suppress(NotFound):  # somebody else has removed it
            container.remove(force=True)


def _why_not_on(port: int | None, error: APIError) -> str:
    said = str(error.explanation)
    if "address already in use" in said or "already allocated" in said:
        return f"port {port} is taken: make serve-workflow PORT={(port or 8080) + 1} uses another"
    return f"the model cannot be served on port {port} ({said})"


def largest_difference(address: str, customers: pl.DataFrame, predictions: pl.DataFrame) -> float:
    """Ask for every customer, and compare with what the graph predicted. Raises BadInput if an answer differs."""
    served = [
        one
        for rows in customers.drop("month").iter_slices(CUSTOMERS_A_REQUEST)
        for one in ask(address, rows.to_dicts())["predictions"]
    ]
    both = pl.DataFrame(served).join(predictions, on="customer_id", suffix="_batch")
    difference = both.select((pl.col("churn_probability") - pl.col("churn_probability_batch")).abs().max()).item()
    if len(both) != len(predictions) or difference > TOLERANCE:
        raise BadInput(f"the served model differs from the graph's predictions by up to {difference:g}")
    return float(difference)


def ask(address: str, customers: list[dict[str, Any]]) -> dict[str, Any]:
    body = json.dumps({"customers": customers}).encode()
    request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _wait_until_healthy(address: str, container: Any) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
        container.reload()
        if container.status == "exited":
            break
    raise BadInput(f"the serving image does not answer: {container.logs(tail=5).decode(errors='replace').strip()}")
