"""Limit what clients may hold of the server: connections, bytes, and the time until a request is whole.

uvicorn limits how many requests are answered at a time, and FastAPI the size of each. Neither limits how long a client
may take to send one. A thousand clients that stop one byte short of the largest request would hold a gigabyte.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

NOTHING_MORE = [("Connection", "close"), ("Content-Length", "0")]
REQUEST_TIMEOUT_S = 10.0  # the largest request takes this long at 0.8 Mbit/s


class ImpatientProtocol(H11Protocol):
    """uvicorn's protocol, which closes a connection whose request is not whole in time."""

    timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_request()

    def on_response_complete(self) -> None:
        self._wait_for_request()  # the next one may be in the buffer already
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()
        super().connection_lost(exc)

    def _wait_for_request(self) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._close_unless_whole)

    def _close_unless_whole(self) -> None:
        at_work = self.cycle is not None and not self.cycle.response_complete
        if at_work and not self.cycle.more_body:
            return  # the request is whole, and its answer takes long
        if not at_work and self.conn.our_state is h11.IDLE:
            self.transport.write(self.conn.send(h11.Response(status_code=408, headers=NOTHING_MORE)) or b"")
        self.transport.close()
