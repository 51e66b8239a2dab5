"""The team's version: an MLflow server on PostgreSQL that hands out the artifacts itself and asks who you are.

    make team-tracking            # prints what to set; then, in another terminal: make demo-tracking

The server listens on 127.0.0.1: for other machines, put a proxy with TLS in front of it. Artifacts go to a folder, or
to what MLFLOW_ARTIFACTS_DESTINATION names, such as s3://a-bucket; that store's keys are known to the server alone.
"""

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import psycopg2

from churn.harness.command import OneSentenceParser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.ports import free_port
from churn.harness.terminal import console
from tracking_pipeline.servers.scoring import running
from tracking_pipeline.servers.ui import LEAN, PAGES, server_command

ADMIN = "admin"
DATABASES = ("mlflow", "mlflow_auth")
SECONDS_TO_START = 180
ONLY_HERE = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
AUTH_CONFIG = """[mlflow]
default_permission = READ
database_uri = {database}
admin_username = {admin}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
# a password check is slow on purpose; remember one that was right for a minute
auth_cache_ttl_seconds = 60
"""


@contextmanager
def team_server(folder: Path, port: int = 0) -> Iterator[dict[str, str]]:
    """PostgreSQL and the tracking server, until the block ends. Gives what a client has to set in its environment.

    What they hold stays in `folder` and, of PostgreSQL, in the one beside it; it is there again next time.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = _kept_secret(folder / "password")
    with _postgres(folder, password) as database, (folder / "server.log").open("ab") as log:
        config = folder / "auth.ini"
        config.touch(mode=0o600)
        config.write_text(AUTH_CONFIG.format(database=f"{database}/mlflow_auth", admin=ADMIN), encoding="utf-8")
        port = free_port(port)
        store = os.environ.get("MLFLOW_ARTIFACTS_DESTINATION") or str((folder / "artifacts").resolve())
        environment = {
            **os.environ,
            **LEAN,
            "MLFLOW_BACKEND_STORE_URI": f"{database}/mlflow",  # not an option: those are for all to see
            "MLFLOW_AUTH_CONFIG_PATH": str(config.resolve()),
            "MLFLOW_AUTH_ADMIN_PASSWORD": password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": _kept_secret(folder / "secret_key"),
        }
        options = ("--app-name=basic-auth", "--serve-artifacts", f"--artifacts-destination={store}")
        with running(server_command(port, *options), environment, log) as server:
            _wait("the tracking server", server, folder / "server.log", lambda: _is_healthy(port))
            yield {
                "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
                "MLFLOW_TRACKING_USERNAME": ADMIN,
                "MLFLOW_TRACKING_PASSWORD": password,
            }


@contextmanager
def _postgres(folder: Path, password: str) -> Iterator[str]:
    """A cluster of its own on 127.0.0.1, with both databases. Gives the address up to the database's name."""
    programs, cluster = postgres_programs(), folder.with_name(f"{folder.name}-postgres").resolve()
    user = _other_user(cluster)
    port = free_port()
    log = folder / "postgres.log"
    with log.open("ab") as said:
        if not (cluster / "PG_VERSION").is_file():
            _make_cluster(programs / "initdb", cluster, password, user, said)
        command = [str(programs / "postgres"), f"-D{cluster}", f"-p{port}", *ONLY_HERE]
        ending = "SIGINT"  # "fast": does not wait for its clients
        with running(command, dict(os.environ), said, user, ending) as server:
            _wait("PostgreSQL", server, log, lambda: _make_databases(port, password))
            yield f"postgresql+psycopg2://mlflow:{password}@127.0.0.1:{port}"


def _other_user(cluster: Path) -> str | None:
    """Whom PostgreSQL, which refuses root, runs as then: the user postgres, if he can get at its files."""
    if os.geteuid() != 0:
        return None
    shut = [place for place in cluster.parents if not place.stat().st_mode & 0o001]
    if shut:
        raise BadInput(
            f"PostgreSQL refuses to run as root, and the user postgres may not pass through {shut[-1]}: "
            f"chmod o+x {shut[-1]}, or put the project elsewhere, or be another user"
        )
    return "postgres"


def _make_cluster(initdb: Path, cluster: Path, password: str, user: str | None, said: IO[bytes]) -> None:
    with NamedTemporaryFile("w", encoding="utf-8") as file:  # an option would be for all to see
        file.write(password)
        file.flush()
        if user:
            shutil.chown(file.name, user)
            cluster.mkdir(exist_ok=True)
            shutil.chown(cluster, user)
        options = ["--username=mlflow", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        command = [str(initdb), f"--pgdata={cluster}", f"--pwfile={file.name}", *options]
        if subprocess.run(command, user=user, cwd="/", stdout=said, stderr=said, check=False).returncode:
            raise BadInput(f"PostgreSQL could not make its files: its last words are in {said.name}")


def postgres_programs() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").is_file():
            return place
    raise BadInput("PostgreSQL is not installed: sudo apt install postgresql (macOS: brew install postgresql)")


def _make_databases(port: int, password: str) -> bool:
    try:
        connection = psycopg2.connect(
            host="127.0.0.1", port=port, user="mlflow", password=password, dbname="postgres", connect_timeout=5
        )
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        there = {row[0] for row in cursor.fetchall()}
        for name in DATABASES:
            if name not in there:
                cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return True


def _kept_secret(path: Path) -> str:
    """A random secret that only this user can read; the same one next time."""
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _is_healthy(port: int) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        return True
    return False


def _wait(what: str, process: "subprocess.Popen[bytes]", log: Path, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if is_ready():
            return
        time.sleep(0.1)
    raise BadInput(f"{what} did not start: its last words are in {log}")


@exit_on_bad_input
def main() -> None:
    command: argparse.ArgumentParser = OneSentenceParser(
        prog="python -m tracking_pipeline.servers.team", description=__doc__
    )
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where to keep it (default: runs)")
    folder = command.parse_args().runs / "tracking-team"
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this ends what it started
    with team_server(folder, port=5500) as settings:
        console.print("in another terminal, to record there instead of in a file:\n")
        for name, value in settings.items():
            console.print(f"export {name}={value}", soft_wrap=True)
        console.print(f"\nits pages: {settings['MLFLOW_TRACKING_URI']}{PAGES}", soft_wrap=True)
        console.print(f"logs in {folder}; Ctrl-C ends it")
        signal.pause()


if __name__ == "__main__":
    main()
