"""`make docs`: the site on 127.0.0.1 until Ctrl-C, built again whenever one of its files changes."""

import os
import sys

from churn.ports import free_port

if __name__ == "__main__":
    port = free_port(8000)
    if port != 8000:
        print("port 8000 is taken, so another one is used")
    print(f"building; then open http://127.0.0.1:{port} (Ctrl-C stops it)", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "mkdocs", "serve", "--quiet", f"--dev-addr=127.0.0.1:{port}"])
