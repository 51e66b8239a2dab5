"""Serve the site on 127.0.0.1 until Ctrl-C, and rebuild it whenever a file changes: `make docs`."""

import os
import socket
import sys
from contextlib import suppress


def free_port(usual: int) -> int:
    for port in (usual, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    sys.exit("no port is free on 127.0.0.1")


if __name__ == "__main__":
    port = free_port(8000)
    if port != 8000:
        print("port 8000 is busy, using a different port")
    print(f"building; then open http://127.0.0.1:{port} (Ctrl-C stops it)", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "mkdocs", "serve", "--quiet", f"--dev-addr=127.0.0.1:{port}"])
