"""A port to listen on, on 127.0.0.1 only."""

import atexit
import socket
from contextlib import suppress

from churn.harness.errors import BadInput


def free_port(usual: int = 0) -> int:
    """The usual one, or any other when that is taken or 0.

    A server such as Airflow binds its port seconds after it was chosen. So that two who start at the same time do not
    choose the same one, whoever has asked here keeps the UDP port of that number, which nothing else has a use for.
    """
    for port in (usual, 0):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
            probe.bind(("127.0.0.1", port))
            found = int(probe.getsockname()[1])
            claim.bind(("127.0.0.1", found))
            atexit.register(claim.close)  # kept until this process ends
            return found
        claim.close()
    raise BadInput("no port is free on 127.0.0.1")
