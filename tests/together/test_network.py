"""A training container reaches the tracking server, with a password, and nothing else."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from together.engines.images import build_images, image
from together.engines.network import HOSTNAME, PORT, TRACKING, internal_network
from together.engines.servers import Servers, running
from workflow_pipeline.engine.runner import engine

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.docker]

TRY = """
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
try:
    socket.create_connection((host, port), timeout=3).close()
    print("reached")
except OSError as error:
    print("not reached", error)
"""
LOG_IN = """
import os, mlflow
from mlflow.exceptions import MlflowException
try:
    print("found", len(mlflow.search_experiments()))
except MlflowException as error:
    print("refused", str(error)[:200].replace(chr(10), " "))
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerClient]:
    found = engine()
    assert found is not None, "no Docker engine answers"
    build_images(found, tmp_path_factory.mktemp("images") / "images.log")
    yield found
    found.close()


@pytest.fixture(scope="module")
def servers(client: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    import argparse

    folder = tmp_path_factory.mktemp("nest")
    with running(folder, argparse.Namespace(nest="four", experiment="test")) as found:
        yield found


def inside(
    client: DockerClient, network: str, code: str, *words: str, environment: dict[str, str] | None = None
) -> str:
    command = ["python", "-c", code, *words]
    more = {"HOME": "/tmp", **(environment or {})}
    output = client.containers.run(
        image(), command, network=network, hostname=HOSTNAME, environment=more, read_only=True,
        tmpfs={"/tmp": "mode=1777"}, cap_drop=["ALL"], remove=True,
    )  # fmt: skip
    return str(output.decode())


def test_a_training_container_reaches_the_tracking_server(client: DockerClient, servers: Servers) -> None:
    assert "reached" in inside(client, str(servers.network), TRY, TRACKING, str(PORT)).split("\n")


@pytest.mark.parametrize("address", [("1.1.1.1", "53"), ("8.8.8.8", "443"), ("pypi.org", "443")])
def test_it_reaches_no_address_beyond_this_machine(
    client: DockerClient, servers: Servers, address: tuple[str, str]
) -> None:
    assert inside(client, str(servers.network), TRY, *address).startswith("not reached")


def test_it_reaches_no_server_on_this_machine(client: DockerClient, servers: Servers) -> None:
    """Neither one on 127.0.0.1, which is all that this project starts, nor the published ports of the nest."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        gateway = client.networks.get(str(servers.network)).attrs["IPAM"]["Config"][0]["Gateway"]
        published = servers.endpoint.rpartition(":")[2]
        for host, port in (
            (gateway, str(server.server_port)),
            ("127.0.0.1", str(server.server_port)),
            (gateway, published),
        ):
            assert inside(client, str(servers.network), TRY, host, port).startswith("not reached")
        server.shutdown()


def test_the_tracking_server_asks_for_the_password(client: DockerClient, servers: Servers) -> None:
    right = servers.variables(inside=True)
    wrong = {**right, "MLFLOW_TRACKING_PASSWORD": "wrong"}
    nobody = {"MLFLOW_TRACKING_URI": right["MLFLOW_TRACKING_URI"]}
    assert inside(client, str(servers.network), LOG_IN, environment=right).startswith("found")
    for variables in (wrong, nobody):
        assert inside(client, str(servers.network), LOG_IN, environment=variables).startswith("refused")


def test_each_run_has_a_new_password(client: DockerClient, servers: Servers, tmp_path: Path) -> None:
    assert len(servers.password) >= 20


def test_the_internal_network_goes_with_its_block(client: DockerClient, tmp_path: Path) -> None:
    with internal_network(client, tmp_path) as name:
        assert client.networks.get(name).attrs["Internal"] is True
    assert client.networks.list(names=[name]) == []
