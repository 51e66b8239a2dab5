"""A port to listen on, on 127.0.0.1 only."""

import socket
from contextlib import suppress

from churn.errors import BadInput


def free_port(usual: int) -> int:
    """The usual one, or any other when that is taken."""
    for port in (usual, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise BadInput("no port is free on 127.0.0.1")
