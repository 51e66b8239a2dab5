"""Other machines: a proxy in the shell, and unusual characters in paths. Real requests and real databases."""

import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import polars as pl
import pytest
from sqlalchemy import create_engine

from churn.harness.addresses import (
    ask_without_proxy,
    plain_path,
    plain_temporary_folder,
    raise_if_in_path,
    sqlite_url,
    without_proxy,
)
from churn.harness.errors import BadInput
from churn.harness.processes import guarded
from churn.lake import parquet_in, scan
from tests.demos import BEHIND_A_PROXY

ASK = "import sys; from urllib.request import urlopen; print(urlopen(sys.argv[1], timeout=10).read().decode())"
NAMES = ["feature%2Fchurn", "100 % sure", "what?", "[2026]", "a*", "#1", "it's", '"b"', "14:40", "ü", "$HOME", "a\nb"]


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BEHIND_A_PROXY.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("behind_a_proxy")
def test_a_program_that_we_start_asks_this_machine_directly(address: str, tmp_path: Path) -> None:
    with guarded([sys.executable, "-c", ASK, address], tmp_path / "log") as program:
        program.wait()
    assert (tmp_path / "log").read_text() == "here\n"


@pytest.mark.usefixtures("behind_a_proxy")
def test_a_client_in_this_process_asks_this_machine_directly(address: str) -> None:
    ask_without_proxy()
    assert httpx.get(address).text == "here"
    assert httpx.get(address.replace("127.0.0.1", "localhost")).text == "here"


def test_the_proxy_and_the_hosts_of_the_user_stay() -> None:
    shell = {
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "intranet, .corp",
        "NO_PROXY": "intranet",
        "HOME": "/home/me",
    }
    direct = "intranet,.corp,127.0.0.1,localhost"
    assert without_proxy(shell) == {**shell, "no_proxy": direct, "NO_PROXY": direct}
    assert without_proxy({"no_proxy": "*"})["NO_PROXY"] == "*"


@pytest.mark.parametrize("name", NAMES)
def test_a_database_is_in_the_folder_that_its_path_names(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with create_engine(sqlite_url(folder / "a.db")).connect() as connection:
        connection.exec_driver_sql("CREATE TABLE it (is_here INTEGER)")
    assert list(tmp_path.rglob("*")) == [folder, folder / "a.db"]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_read_from_the_folder_that_its_path_names(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name / "features" / "month=2025-01"
    folder.mkdir(parents=True)
    rows = pl.DataFrame({"customer_id": [1, 2]})
    rows.write_parquet(folder / "part-00000.parquet")
    assert scan(tmp_path / name, "features", ["2025-01"]).collect().equals(rows)
    assert pl.read_parquet(parquet_in(folder), hive_partitioning=False).equals(rows)


def test_a_path_that_a_program_cannot_take_is_refused_in_a_sentence(tmp_path: Path) -> None:
    raise_if_in_path(tmp_path, ":", "Docker")
    with pytest.raises(
        BadInput, match=r"^Docker cannot work in .*14:40/runs, because of the ':' in its path: move the"
    ):
        raise_if_in_path(tmp_path / "2026-11-27T14:40" / "runs", ":", "Docker")


def test_a_plain_path_leads_to_the_folder_and_is_gone_afterwards(tmp_path: Path) -> None:
    (folder := tmp_path / "what? 100%").mkdir()
    with plain_path(folder) as link:
        assert re.fullmatch(r"[\w/.-]{1,100}", str(link))
        (link / "file").touch()
    assert (folder / "file").exists()
    assert not link.parent.exists()


@pytest.mark.parametrize("name", ["a" * 60, "100%", "what?"])
def test_sockets_are_in_a_folder_with_a_short_and_plain_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/var/tmp")
    assert plain_temporary_folder() == Path("/var/tmp")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / name))
    assert plain_temporary_folder() == Path("/tmp")
