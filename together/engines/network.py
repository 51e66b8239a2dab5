"""The way from a training container to the tracking server, and to nothing outside of this machine.

Steps run without a network. Those of our image get an internal one: Docker gives it no way out of the machine. The
tracking server is on it under the name `tracking`, and asks for a password. The endpoint is on it, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from docker import DockerClient
from kfp.local import docker_task_handler

from together.engines.images import image
from together.inside.month import IMAGE
from workflow_pipeline.engine.exit_code import run_docker_container
from workflow_pipeline.engine.runner import labels_of_served
from workflow_pipeline.images import REPOSITORY

TRACKING, PORT = "tracking", 5000  # the server's name and port in the internal network
HOSTNAME = "together"  # the same for all steps: MLflow's record of a killed one is found again by it


@contextmanager
def internal_network(client: DockerClient, folder: Path) -> Iterator[str]:
    """Make an internal network for the block. A network that a killed run left is removed by `sweep`."""
    name = f"{REPOSITORY}-{uuid4().hex[:12]}"
    network = client.networks.create(name, driver="bridge", internal=True, labels=labels_of_served(folder))
    try:
        yield name
    finally:
        network.remove()


def install(client: DockerClient, network: str, variables: dict[str, str]) -> None:
    """Give the steps of our image the network and MLflow's variables; the other steps keep none."""
    ours = image()
    more = {
        "network_mode": network,
        "hostname": HOSTNAME,
        "environment": {**variables, IMAGE: f"{ours} {client.images.get(ours).id}", "HOME": "/tmp"},
    }

    def run_step(client: DockerClient, image: str, command: list[str], volumes: dict[str, Any], **options: Any) -> int:
        return run_docker_container(client, image, command, volumes, **options | (more if image == ours else {}))

    docker_task_handler.run_docker_container = run_step
