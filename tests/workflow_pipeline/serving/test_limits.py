"""A client that does not finish its request is closed in time, and too many clients are turned away."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn
from fastapi import FastAPI, Request

from churn.harness.processes import wait_until
from workflow_pipeline.serving import limits

HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
MOST_CONNECTIONS = 8


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI()

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "REQUEST_TIMEOUT_S", 0.5)
        server = uvicorn.Server(
            uvicorn.Config(
                app, port=0, http=limits.ImpatientProtocol, limit_concurrency=MOST_CONNECTIONS, log_level="critical"
            )
        )
        thread = Thread(target=server.run)
        thread.start()
        wait_until(lambda: server.started, 30, "the server did not start")
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        thread.join()


def answer(port: int, *parts: bytes) -> bytes:
    """Send the parts, and return what comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("begun", [b"", b"POST /echo HTTP/1.1\r\nHos"])
def test_a_request_that_does_not_begin_is_answered_408(port: int, begun: bytes) -> None:
    assert answer(port, begun).startswith(b"HTTP/1.1 408 ")


def test_a_body_one_byte_short_is_closed_and_a_whole_one_answered(port: int) -> None:
    assert b" 200 " not in answer(port, HEAD % 1000 + b"x" * 999)
    assert b"\r\n\r\n1000" in answer(port, HEAD % 1000 + b"x" * 999, b"x")
    second = HEAD % 10 + b"x" * 9
    assert answer(port, HEAD % 2 + b"xx" + second).count(b"HTTP/1.1 200 OK") == 1


def test_too_many_clients_are_turned_away_and_the_next_ones_served(port: int) -> None:
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST_CONNECTIONS)]
    try:
        assert answer(port, HEAD % 1 + b"x").startswith(b"HTTP/1.1 503 ")
        for client in waiting:
            client.settimeout(10)
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")
    finally:
        for client in waiting:
            client.close()
    assert answer(port, HEAD % 1 + b"x").startswith(b"HTTP/1.1 200 OK")
