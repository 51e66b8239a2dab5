"""`python -m together.engines.servers`: the tracking server and the endpoint, until this process is told to stop.

In the nest of four both run in containers of our image. In the nest of two they are processes. Airflow's tasks find
them by servers.json, which only this user can read: it has the password, which is a new one each time.
"""

import argparse
import json
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from docker import DockerClient

from churn.harness.addresses import sqlite_url
from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.processes import alone_in, free_port, guarded
from churn.harness.signals import until_stopped
from churn.storage.atomic import hidden_beside
from together.engines.images import NO_ENGINE, image
from together.engines.network import PORT, TRACKING, internal_network
from tracking_pipeline.servers.scoring import wait_until_healthy
from tracking_pipeline.servers.team import ADMIN, AUTH_CONFIG
from tracking_pipeline.servers.ui import LEAN, server_command
from workflow_pipeline.engine.mounts import user_of
from workflow_pipeline.engine.runner import engine, sweep
from workflow_pipeline.serving.container import no_way_out, published
from workflow_pipeline.serving.container import wait_until_healthy as wait_for_container

FILE = "servers.json"
SECONDS_TO_START = 180
STORE = Path("/store")  # where the tracking server's files are, in its container


@dataclass(frozen=True)
class Servers:
    """Where the servers are, and how to log in."""

    tracking: str  # MLflow's address on this machine
    endpoint: str
    user: str
    password: str
    network: str | None  # the internal network; None without containers

    def variables(self, inside: bool = False) -> dict[str, str]:
        """Return MLflow's variables for a client, on this machine or `inside` of a container."""
        return {
            "MLFLOW_TRACKING_URI": f"http://{TRACKING}:{PORT}" if inside else self.tracking,
            "MLFLOW_TRACKING_USERNAME": self.user,
            "MLFLOW_TRACKING_PASSWORD": self.password,
        }


def read_servers(folder: Path) -> Servers:
    """Return the servers that run for `folder`. Raise BadInput if none do."""
    try:
        return Servers(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BadInput(f"no tracking server runs for {folder}: make ui-together starts it") from None


@exit_on_bad_input
def main() -> None:
    options = command("together.engines.servers", "Run the tracking server and the endpoint until Ctrl-C.")
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--experiment", required=True)
    options.add_argument("--nest", choices=["two", "four"], default="four")
    arguments = options.parse_args()
    with until_stopped(), running(arguments.folder.resolve(), arguments) as servers:
        write_private(arguments.folder / FILE, json.dumps(asdict(servers)))
        signal.pause()


@contextmanager
def running(folder: Path, arguments: argparse.Namespace) -> Iterator[Servers]:
    """Run both servers for the block. Raise BadInput if they run already, or do not start."""
    store = folder / "tracking"
    with ExitStack() as stack:
        stack.enter_context(alone_in(store, f"the servers of {folder} are running already: stop them first"))
        stack.callback((folder / FILE).unlink, missing_ok=True)
        password, port = secrets.token_urlsafe(16), free_port(5000)
        if arguments.nest == "two":
            servers = stack.enter_context(in_processes(folder, arguments.experiment, port, password))
        else:
            client = engine()
            if client is None:
                raise BadInput(NO_ENGINE)
            stack.callback(client.close)
            servers = stack.enter_context(in_containers(client, folder, arguments.experiment, port, password))
        yield servers


def server_environment(store: Path, place: Path, password: str) -> dict[str, str]:
    """Write MLflow's settings of passwords, and return the variables of the server, for which `store` is at `place`."""
    (store / "users.db").unlink(missing_ok=True)  # it has last time's password
    # In these two addresses a % or ? of the path is quoted; in the file of settings, a % is written twice.
    users, runs = sqlite_url(place / "users.db").replace("%", "%%"), sqlite_url(place / "mlflow.db")
    write_private(store / "auth.ini", AUTH_CONFIG.format(database=users, admin=ADMIN))
    return {
        **LEAN,
        "MLFLOW_BACKEND_STORE_URI": runs,
        "MLFLOW_AUTH_CONFIG_PATH": str(place / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
    }


@contextmanager
def in_processes(folder: Path, experiment: str, port: int, password: str) -> Iterator[Servers]:
    """Run both servers as processes on 127.0.0.1."""
    store, log = folder / "tracking", folder / "tracking.log"
    environment = server_environment(store, store, password)
    artifacts = (store / "artifacts").as_uri()
    options = ("--app-name=basic-auth", "--serve-artifacts", f"--artifacts-destination={artifacts}")
    with guarded(server_command(port, *options), log, {**os.environ, **environment}) as tracking:
        tracking_url = f"http://127.0.0.1:{port}"
        wait_until_healthy(f"{tracking_url}/health", tracking, "the tracking server", log, SECONDS_TO_START)
        port, log = free_port(8000), folder / "endpoint.log"
        servers = Servers(tracking_url, f"http://127.0.0.1:{port}", ADMIN, password, None)
        uvicorn = [sys.executable, "-m", "uvicorn", "together.endpoint:app", "--host=127.0.0.1", f"--port={port}"]
        variables = {**os.environ, **servers.variables(), "CHURN_EXPERIMENT": experiment, "CHURN_LOGS": str(folder)}
        with guarded([*uvicorn, "--no-access-log"], log, variables) as endpoint:
            wait_until_healthy(f"{servers.endpoint}/health", endpoint, "the endpoint", log, SECONDS_TO_START)
            yield servers


@contextmanager
def in_containers(client: DockerClient, folder: Path, experiment: str, port: int, password: str) -> Iterator[Servers]:
    """Run both servers in containers. Each is on two networks: the internal one, and one that publishes its port."""
    store, steps = folder / "tracking", folder / "kfp" / "steps"
    steps.mkdir(parents=True, exist_ok=True)
    sweep(client, steps)
    environment, user = server_environment(store, STORE, password), user_of(store)
    for path in store.rglob("*"):
        if os.getuid() == 0:
            os.chown(path, *map(int, user.split(":")))
    hosts = ",".join([f"127.0.0.1:{port}", f"localhost:{port}", f"{TRACKING}:{PORT}"])
    serve = ["mlflow", "server", "--host=0.0.0.0", f"--port={PORT}", f"--allowed-hosts={hosts}", "--workers=1"]
    options = ["--app-name=basic-auth", "--serve-artifacts", f"--artifacts-destination={STORE / 'artifacts'}"]
    with ExitStack() as stack:
        internal = stack.enter_context(internal_network(client, steps))
        outer = stack.enter_context(no_way_out(client, steps))

        def start(command: list[str], port_inside: int, port: int, name: str, **more: object) -> str:
            address, container = stack.enter_context(
                published(client, image(), command, port_inside, steps, port, network=outer, user=user, **more)
            )
            client.networks.get(internal).connect(container, aliases=[name])
            wait_for_container(address, container, f"the {name} server", SECONDS_TO_START)
            return address

        mounts = {str(store): {"bind": str(STORE), "mode": "rw"}}
        tracking = start([*serve, *options], PORT, port, TRACKING, volumes=mounts, environment=environment)
        servers = Servers(tracking, f"http://127.0.0.1:{free_port(8000)}", ADMIN, password, internal)
        variables = {**servers.variables(inside=True), "CHURN_EXPERIMENT": experiment, "HOME": "/tmp"}
        uvicorn = ["uvicorn", "together.endpoint:app", "--host=0.0.0.0", "--port=8000", "--no-access-log"]
        start(uvicorn, 8000, int(servers.endpoint.rpartition(":")[2]), "endpoint", environment=variables)
        yield servers


def write_private(file: Path, content: str) -> None:
    """Write a file that only this user can read. A reader finds the old content or the new."""
    hidden = hidden_beside(file)
    hidden.touch(mode=0o600)
    hidden.write_text(content, encoding="utf-8")
    hidden.replace(file)


if __name__ == "__main__":
    main()
