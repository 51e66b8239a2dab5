"""The team's version, on a real PostgreSQL: the same code, one URI."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import httpx
import mlflow
import polars as pl
import psutil
import pytest
from playwright.sync_api import Browser

from churn import __main__ as plain
from churn.harness.command import OperatorData
from churn.harness.errors import BadInput
from churn.harness.processes import free_port, wait_until
from churn.harness.report import read_report
from churn.harness.same_answer import SAME_ANSWER, largest_difference
from churn.storage.months import month_range
from tests.foreign_page import EVIL, attack
from tests.tracking_pipeline.conftest import NAME, ROOT, SMALL, command
from tests.tracking_pipeline.servers.test_pages import BODY, SEARCHES, STARTS, records
from tests.tracking_pipeline.test_registry import registered
from tracking_pipeline.registry import load_version
from tracking_pipeline.safety.store import open_store
from tracking_pipeline.servers.team import postgres_programs, team_server

pytestmark = [pytest.mark.slow, pytest.mark.thorough]
FIRST_MONTH = "2025-03"


def has_postgres() -> bool:
    try:
        postgres_programs()
    except BadInput:
        return False
    return True


if not has_postgres() and not os.environ.get("CI"):
    pytest.skip("PostgreSQL is not installed: sudo apt install postgresql", allow_module_level=True)


@pytest.fixture(scope="module")
def reachable() -> Iterator[Path]:
    """Return a runs folder that every user may pass through: if we are root, PostgreSQL runs as a different user."""
    with TemporaryDirectory(prefix="team-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
def folder(reachable: Path) -> Path:
    return reachable / "tracking-team"


@pytest.fixture(scope="module")
def team(folder: Path) -> Iterator[dict[str, str]]:
    """Run `make team-tracking` and yield the settings that it prints. End it by kill -9: everything it started ends."""
    command_line = [sys.executable, "-m", "tracking_pipeline", "team", f"--runs={folder.parent}"]
    server = subprocess.Popen(command_line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    started: list[psutil.Process] = []
    try:
        lines = (server.stdout.readline() for _ in range(5))
        settings = dict(re.findall(r"^export (\w+)=(.+)$", "".join(lines), re.MULTILINE))
        assert len(settings) == 3
        yield settings
    finally:
        with suppress(psutil.NoSuchProcess):
            started = psutil.Process(server.pid).children(recursive=True)
        server.kill()
        server.communicate(timeout=120)
        _, still_running = psutil.wait_procs(started, timeout=120)
        for process in still_running:
            process.kill()
    assert len(started) > 5, "PostgreSQL and its children, the tracking server, and what watches over them"
    assert not still_running
    assert not (folder.with_name("tracking-team-postgres") / "postmaster.pid").exists(), "it was ended, not killed"
    with pytest.raises(httpx.ConnectError):
        httpx.get(settings["MLFLOW_TRACKING_URI"], timeout=5)


def test_a_client_without_a_password_is_refused(team: dict[str, str], source: Path) -> None:
    uri = team["MLFLOW_TRACKING_URI"]
    for path in ("experiments/search?max_results=1", "registered-models/search", "runs/get?run_id=x"):
        assert httpx.get(f"{uri}/api/2.0/mlflow/{path}").status_code == 401
    assert httpx.get(f"{uri}/api/2.0/mlflow-artifacts/artifacts").status_code == 401
    wrong = {**team, "MLFLOW_TRACKING_PASSWORD": "a guess"}
    refused = command("--customers=1000", "--month=2025-03", runs=source.parents[2], **wrong)
    assert refused.returncode == 2
    assert f"{uri} does not know you: set MLFLOW_TRACKING_USERNAME" in refused.stderr


def test_the_same_story_on_postgresql(team: dict[str, str], folder: Path, source: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "world").mkdir(parents=True)
    (runs / "world" / SMALL.name).symlink_to(source.parent)
    words = ["--customers=1000", f"--month={FIRST_MONTH}"]
    demo = command(*words, runs=runs, **team)
    assert demo.returncode == 0, demo.stderr
    assert not (runs / "tracking" / "mlflow.db").exists()
    report = read_report(runs / "tracking" / "report.json")
    expected = plain.solve(
        OperatorData(source, month_range(SMALL.first_month, FIRST_MONTH), SMALL.seed), tmp_path / "plain"
    )
    assert report.data_fingerprint == expected.data_fingerprint
    ours = pl.read_parquet(runs / "tracking" / "predictions.parquet")
    theirs = pl.read_parquet(tmp_path / "plain" / "predictions.parquet")
    assert largest_difference(ours, theirs) <= SAME_ANSWER
    lineage = command("lineage", *words, runs=runs, **team)
    assert lineage.returncode == 0, lineage.stderr
    assert f"{NAME} version 1" in lineage.stdout
    assert any((folder / "artifacts").rglob("model.skops")), "they went through the server"


def test_secrets_are_readable_by_their_owner_alone(team: dict[str, str], folder: Path) -> None:
    for name in ("password", "secret_key", "auth.ini"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    password = team["MLFLOW_TRACKING_PASSWORD"]
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert password not in listed


@pytest.mark.browser
def test_a_page_of_another_site_starts_nothing_and_reads_nothing(team: dict[str, str], browser: Browser) -> None:
    """Not even while its reader is logged in to the team's server."""
    login = (team["MLFLOW_TRACKING_USERNAME"], team["MLFLOW_TRACKING_PASSWORD"])
    with httpx.Client(base_url=team["MLFLOW_TRACKING_URI"], auth=login, timeout=60) as client:
        before = records(client)
        for name in ("evil.example", "10.evil.example"):
            assert client.get(SEARCHES[0], headers={"Host": name}).status_code == 403
            assert client.post(STARTS[0], content=BODY, headers={"Host": name}).status_code == 403
        for origin in ("http://evil.example", "null"):
            assert client.post(STARTS[0], content=BODY, headers={"Origin": origin}).status_code == 403
        seen = attack(browser, team["MLFLOW_TRACKING_URI"], [STARTS[0], SEARCHES[0]], BODY, origins=[EVIL], login=login)
        assert seen.read == []
        assert {method for method, _, _ in seen.allowed()} <= {"GET"}
        assert records(client) == before


def test_artifacts_in_an_s3_store_are_one_setting_more(
    reachable: Path, tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is moto's server, which speaks S3's protocol. No real one was tried."""
    port = free_port()
    moto = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    keys = {"AWS_ACCESS_KEY_ID": "the-server-alone", "AWS_SECRET_ACCESS_KEY": "knows-this", "AWS_DEFAULT_REGION": "eu"}
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_listening(port), 60, "moto's S3 server did not start")
        s3 = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        s3.create_bucket(Bucket="models")
        with monkeypatch.context() as only_for_the_server:
            for name, value in {**keys, "MLFLOW_S3_ENDPOINT_URL": address}.items():
                only_for_the_server.setenv(name, value)
            only_for_the_server.setenv("MLFLOW_ARTIFACTS_DESTINATION", "s3://models/churn")
            server = team_server(reachable / "with S3")
            settings = server.__enter__()
        try:
            for name, value in settings.items():
                monkeypatch.setenv(name, value)
            open_store(tmp_path / "tracking", "test")
            version, _ = registered("test", rows)
            assert load_version(version).threshold == 0.2
            stored = [item["Key"] for item in s3.list_objects_v2(Bucket="models")["Contents"]]
            assert any(key.startswith("churn/") and key.endswith("model.skops") for key in stored)
        finally:
            server.__exit__(None, None, None)
            mlflow.set_tracking_uri("")
    finally:
        moto.terminate()
        moto.wait()


def is_listening(port: int) -> bool:
    with closing(socket.socket()) as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user to run PostgreSQL")
def test_files_that_postgresql_cannot_reach_give_a_sentence(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o700)
    refused = command("team", runs=shut)
    assert refused.returncode == 2
    assert "PostgreSQL refuses to run as root, and the user postgres may not pass through /" in refused.stderr
