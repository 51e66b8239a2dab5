"""The team's version: an MLflow server on PostgreSQL that wants a password and hands out the artifacts itself.

    make team-tracking            # prints what to set; then, in a different terminal: make demo-tracking

The server listens on 127.0.0.1. For other machines, put a proxy with TLS in front of it. Artifacts go to a folder, or
to the place that MLFLOW_ARTIFACTS_DESTINATION names, such as s3://a-bucket. Only the server knows that store's keys.
"""

import os
import secrets
import shutil
import signal
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg2

from churn.harness.errors import BadInput
from churn.harness.processes import free_port, guarded, wait_until
from churn.harness.terminal import console
from tracking_pipeline.servers.scoring import raise_if_ended, wait_until_healthy
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


def team(arguments: Namespace) -> None:
    """Run PostgreSQL and the tracking server until Ctrl-C; print what a client has to set."""
    folder = arguments.runs / "tracking-team"
    with team_server(folder, port=5500) as settings:
        console.print("to record there instead of in a file, set in a different terminal:\n")
        for name, value in settings.items():
            console.print(f"export {name}={value}", soft_wrap=True)
        console.print(f"\nits pages: {settings['MLFLOW_TRACKING_URI']}{PAGES}", soft_wrap=True)
        console.print(f"logs in {folder}; Ctrl-C stops it")
        signal.pause()


@contextmanager
def team_server(folder: Path, port: int = 0) -> Iterator[dict[str, str]]:
    """Run PostgreSQL and the tracking server until the block ends; yield what a client has to set in its environment.

    Their data stays in `folder` and, for PostgreSQL, in the folder next to it. The next start finds it there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = _kept_secret(folder / "password")
    log = folder / "server.log"
    with _postgres(folder, password) as database:
        config = folder / "auth.ini"
        config.touch(mode=0o600)
        config.write_text(AUTH_CONFIG.format(database=f"{database}/mlflow_auth", admin=ADMIN), encoding="utf-8")
        port = free_port(port)
        store = os.environ.get("MLFLOW_ARTIFACTS_DESTINATION") or (folder / "artifacts").resolve().as_uri()
        environment = {
            **os.environ,
            **LEAN,
            "MLFLOW_BACKEND_STORE_URI": f"{database}/mlflow",  # not an option: every user can see those
            "MLFLOW_AUTH_CONFIG_PATH": str(config.resolve()),
            "MLFLOW_AUTH_ADMIN_PASSWORD": password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": _kept_secret(folder / "secret_key"),
        }
        options = ("--app-name=basic-auth", "--serve-artifacts", f"--artifacts-destination={store}")
        with guarded(server_command(port, *options), log, environment) as server:
            url = f"http://127.0.0.1:{port}/health"
            wait_until_healthy(url, server, "the tracking server", log, SECONDS_TO_START)
            yield {
                "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
                "MLFLOW_TRACKING_USERNAME": ADMIN,
                "MLFLOW_TRACKING_PASSWORD": password,
            }


@contextmanager
def _postgres(folder: Path, password: str) -> Iterator[str]:
    """Run PostgreSQL with both databases; yield its address, which lacks only the name of a database."""
    programs, cluster = postgres_programs(), folder.with_name(f"{folder.name}-postgres").resolve()
    user, port, log = _other_user(cluster), free_port(), folder / "postgres.log"
    if not (cluster / "PG_VERSION").is_file():
        _make_cluster(programs / "initdb", cluster, password, user, log)
    command = [str(programs / "postgres"), f"-D{cluster}", f"-p{port}", *ONLY_HERE]
    with guarded(command, log, ending=signal.SIGINT, user=user) as server:  # SIGINT: does not wait for its clients
        what = "PostgreSQL"
        wait_until(
            lambda: _make_databases(port, password),
            SECONDS_TO_START,
            f"no answer from {what} (log: {log})",
            lambda: raise_if_ended(server, what, log),
        )
        yield f"postgresql+psycopg2://mlflow:{password}@127.0.0.1:{port}"


def _other_user(cluster: Path) -> str | None:
    """Return the user postgres if we are root, as whom PostgreSQL refuses to run; else None.

    Raises BadInput if that user cannot reach the files.
    """
    if os.geteuid() != 0:
        return None
    shut = [place for place in cluster.parents if not place.stat().st_mode & 0o001]
    if shut:
        raise BadInput(
            f"PostgreSQL refuses to run as root, and the user postgres may not pass through {shut[-1]}: "
            f"chmod o+x {shut[-1]}, or put the project elsewhere, or be another user"
        )
    return "postgres"


def _make_cluster(initdb: Path, cluster: Path, password: str, user: str | None, log: Path) -> None:
    with NamedTemporaryFile("w", encoding="utf-8") as file, log.open("ab") as output:  # every user can see an option
        file.write(password)
        file.flush()
        if user:
            shutil.chown(file.name, user)
            cluster.mkdir(exist_ok=True)
            shutil.chown(cluster, user)
        options = ["--username=mlflow", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        command = [str(initdb), f"--pgdata={cluster}", f"--pwfile={file.name}", *options]
        if subprocess.run(command, user=user, cwd="/", stdout=output, stderr=output, check=False).returncode:
            raise BadInput(f"PostgreSQL could not make its files: the reason is at the end of {log}")


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises BadInput if it is not installed."""
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
    """Return a random secret from a file that only this user can read. The first call makes the file."""
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16), encoding="utf-8")
    return path.read_text(encoding="utf-8")
