"""Model Deployment outside of the graph: build an image with the model inside, start it, and ask it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO
from uuid import uuid4

import httpx
import polars as pl
from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.types import Ulimit

from churn.harness.errors import BadInput
from churn.harness.processes import wait_until
from churn.harness.report import Report
from churn.harness.same_answer import SAME_ANSWER, largest_difference
from churn.storage.atomic import sha256_of
from workflow_pipeline.containers.build_images import build, sweep_builds
from workflow_pipeline.engine.runner import ENGINE_FAILURES, labels_of_served
from workflow_pipeline.images import REPOSITORY, serving_context, tag_of

START_TIMEOUT_S = 60
CUSTOMERS_PER_REQUEST = 1000  # the most that serving/app.py accepts
MOST_FILES = 1024  # open in the container, a connection being one
# The engine closes the container's standard input when this process ends, even by SIGKILL. Then the server is stopped.
UNTIL_INPUT_ENDS = 'exec 3<&0; { cat <&3 >/dev/null; kill 1; } & exec "$@" 3<&- </dev/null'


def build_serving_image(client: DockerClient, model: Path, report: Report, log: TextIO) -> tuple[str, bool]:
    """Build the image that serves `model`, if it does not exist. Return its name, and whether it was built.

    The name changes when the model or the code changes.
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


@dataclass(frozen=True)
class ServedModel:
    """A model that is served at an address, from a container."""

    address: str
    container: Container

    def wait(self) -> NoReturn:
        """Wait until the container ends without being asked to. Raises BadInput, which says why it ended."""
        try:
            self.container.wait(timeout=None)
        except ENGINE_FAILURES as error:
            raise BadInput(f"the Docker engine failed ({error}): start it, then make serve-workflow again") from error
        raise BadInput(f"the served model has ended ({_state(self.container)}): make serve-workflow starts it again")


@contextmanager
def serving(client: DockerClient, image: str, folder: Path, port: int | None = None) -> Iterator[ServedModel]:
    """Serve the image on 127.0.0.1, yield the model once it is healthy, and stop it when the block ends.

    Without a `port`, Docker chooses a free one. `folder` is where the graph's steps are: `sweep` finds the container
    by it. Raises BadInput when the port is taken, when the container does not become healthy, and when it does not
    answer a request of the block.
    """
    command = client.images.get(image).attrs["Config"]["Cmd"]
    with (
        no_way_out(client, folder) as network,
        published(client, image, command, 8000, folder, port, network=network) as (address, container),
    ):
        try:
            wait_until_healthy(address, container, "the serving image")
            yield ServedModel(address, container)
        except httpx.HTTPError as error:
            raise BadInput(f"the served model did not answer ({error}): {_state(container)}") from error


@contextmanager
def no_way_out(client: DockerClient, folder: Path) -> Iterator[str]:
    """Make a network for the block. Its port is published, but no answer from beyond this machine finds a way back.

    An internal network of Docker would be tighter, but publishes no port.
    """
    name = f"{REPOSITORY}-{uuid4().hex[:12]}"
    options = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    try:
        network = client.networks.create(name, driver="bridge", options=options, labels=labels_of_served(folder))
    except APIError as error:
        raise BadInput(f"Docker makes no network for the served model ({error.explanation})") from error
    try:
        yield name
    finally:
        with suppress(NotFound):
            network.remove()


@contextmanager
def published(
    client: DockerClient,
    image: str,
    command: Sequence[str],
    port_inside: int,
    folder: Path,
    port: int | None = None,
    **options: Any,
) -> Iterator[tuple[str, Container]]:
    """Run a server in a locked-down container, and publish its port on 127.0.0.1. It ends with the block.

    It also ends with this process, even if that is killed. Yields the address and the container. Raises BadInput when
    the port is taken.
    """
    container = client.containers.create(
        image,
        ["sh", "-c", UNTIL_INPUT_ENDS, "sh", *command],
        stdin_open=True,
        ports={f"{port_inside}/tcp": ("127.0.0.1", port)},
        read_only=True,
        tmpfs={"/tmp": "mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="1g",
        pids_limit=128,
        ulimits=[Ulimit(name="nofile", soft=MOST_FILES, hard=MOST_FILES)],
        labels=labels_of_served(folder),
        **options,
    )
    input_of_container = container.attach_socket(params={"stdin": 1, "stream": 1})
    try:
        try:
            container.start()
        except APIError as error:
            raise BadInput(_refused_port(port, str(error.explanation))) from error
        container.reload()
        yield f"http://127.0.0.1:{container.ports[f'{port_inside}/tcp'][0]['HostPort']}", container
    finally:
        input_of_container._response.close()  # closing docker's socket alone would leave its connection open
        with suppress(NotFound):  # someone removed it by hand
            container.remove(force=True)


def difference_from_graph(address: str, customers: pl.DataFrame, predictions: pl.DataFrame) -> float:
    """Ask about every customer, and return the largest difference from the predictions that the graph made.

    Raises BadInput if an answer is not the same.
    """
    difference = largest_difference(predictions_of(address, customers), predictions)
    if difference > SAME_ANSWER:
        raise BadInput(f"the served model differs from the graph's predictions by up to {difference:g}")
    return difference


def predictions_of(address: str, customers: pl.DataFrame) -> pl.DataFrame:
    """Ask the service at `address` about each row of `features`; return customer_id and churn_probability."""
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as service:  # no proxy on the way to 127.0.0.1
        predictions = []
        for rows in customers.drop("month").iter_slices(CUSTOMERS_PER_REQUEST):
            answer = service.post("/predict", json={"customers": rows.to_dicts()})
            predictions += answer.raise_for_status().json()["predictions"]
    return pl.DataFrame(predictions)


def _refused_port(port: int | None, reason: str) -> str:
    if port and ("address already in use" in reason or "already allocated" in reason):
        return f"port {port} is taken: make serve-workflow PORT={port + 1} uses a different one"
    where = f"port {port}" if port else "a free port"
    return f"the model cannot be served on {where} ({reason}): if it is the engine's network, restart the engine"


def _state(container: Container) -> str:
    """Return how the container is, and the last line of its log."""
    try:
        container.reload()
        last_line = container.logs(tail=1).decode(errors="replace").strip()
    except NotFound:
        return "its container was removed"
    state = container.attrs["State"]
    if state["Running"]:
        return "its container is running"
    why = "it needed more memory than its limit" if state["OOMKilled"] else f"exit code {state['ExitCode']}"
    return f"{why}; its last line: {last_line}" if last_line else why


def wait_until_healthy(address: str, container: Container, what: str, seconds: float = START_TIMEOUT_S) -> None:
    """Wait until `address`/health answers. Raises BadInput if the container ends, or does not answer in time."""

    def healthy() -> bool:
        try:
            return httpx.get(f"{address}/health", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def alive() -> None:
        container.reload()
        if container.status == "exited":
            last_lines = container.logs(tail=5).decode(errors="replace").strip()
            raise BadInput(f"{what} does not start: {last_lines}")

    wait_until(healthy, seconds, f"{what} did not answer", alive)
