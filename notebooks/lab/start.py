"""`make lab`: JupyterLab on 127.0.0.1 with a new token each time, over the notebooks, until Ctrl-C.

Lab runs in .venv/lab, and its one kernel in .venv/notebooks, in the folder `runs`: there the paths of the notebooks
are right. A percent file opens as a notebook.
"""

import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from churn.harness.command import command, whole_number
from churn.harness.errors import BadInput
from churn.harness.processes import free_port, guarded, wait_until
from churn.harness.signals import until_stopped
from churn.harness.terminal import console

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
USUAL_PORT = 8888
SETTINGS = {  # by the plugin that reads them: no questions to other sites
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"defaultViewers": {"python": "Jupytext Notebook"}},
}
OPTIONS = (
    "--no-browser",
    "--allow-root",  # in a container there is often no other user
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--ServerApp.terminals_enabled=False",
    "--ServerApp.allow_remote_access=False",  # a foreign Host is refused
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--KernelSpecManager.ensure_native_kernel=False",
)


def lab(words: Sequence[str]) -> None:
    """Serve JupyterLab until Ctrl-C. Raises BadInput if it does not answer."""
    options = command("notebooks lab", "Open the notebooks in JupyterLab.")
    options.add_argument("--port", type=whole_number("PORT"), default=USUAL_PORT, help="(make: PORT=)")
    options.add_argument("--runs", type=Path, default=Path("runs"), help="the folder that the kernel works in")
    options.add_argument("--folder", type=Path, default=REPOSITORY / "notebooks", help="the notebooks to show")
    arguments = options.parse_args(words)
    own = (arguments.runs / "notebooks" / "lab").resolve()
    write_settings(own, arguments.runs.resolve())
    port, token, log = free_port(arguments.port), secrets.token_urlsafe(32), own / "lab.log"
    address = f"http://127.0.0.1:{port}"
    kept = f"--FileCheckpoints.checkpoint_dir={own / 'checkpoints'}"  # and not next to the notebooks
    started = [
        sys.executable,
        "-m",
        "jupyterlab",
        *OPTIONS,
        kept,
        f"--port={port}",
        f"--ServerApp.root_dir={arguments.folder.resolve()}",
    ]
    with until_stopped(), guarded(started, log, variables(own, token)) as server:

        def alive() -> None:
            if server.poll() is not None:
                raise BadInput(f"JupyterLab ended at once: see {log}")

        wait_until(lambda: answers(address), PATIENCE_S, f"JupyterLab did not answer ({log})", alive)
        console.print(f"open {address}/lab?token={token}", soft_wrap=True)
        console.print(f"Ctrl-C stops it; its log: {log}", soft_wrap=True)
        server.wait()


def answers(address: str) -> bool:
    """Return whether the server is up. It answers this page without the token."""
    try:
        return httpx.get(f"{address}/login", trust_env=False).is_success
    except httpx.TransportError:
        return False


def variables(own: Path, token: str) -> dict[str, str]:
    """Return the variables for Lab: the person's own Jupyter settings stay out of it, and it leaves them alone.

    The token is a variable and no argument, because other users can see the arguments of a process.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    return kept | {
        "JUPYTER_TOKEN": token,
        "JUPYTER_PATH": str(own / "share"),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "share"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
    }


def write_settings(own: Path, runs: Path) -> None:
    """Write the kernel and Lab's settings to the folder `own`; the person's own changes are kept."""
    for folder in (own / "runtime", own / "config", runs):
        folder.mkdir(parents=True, exist_ok=True)
    (own / "runtime").chmod(0o700)  # it will hold the token
    for plugin, settings in SETTINGS.items():
        file = own / "settings" / f"{plugin}.jupyterlab-settings"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings, indent=1), encoding="utf-8")
    kernel = own / "share" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    python = REPOSITORY / ".venv" / "notebooks" / "bin" / "python"
    launcher = Path(__file__).with_name("kernel.py")
    specification = {
        "argv": [sys.executable, str(launcher), str(runs), str(python), "-f", "{connection_file}"],
        "display_name": "Python 3 (in runs/)",
        "language": "python",
        "env": {"PYTHONPATH": str(REPOSITORY), "IPYTHONDIR": str(own / "ipython")},
    }
    kernel.write_text(json.dumps(specification, indent=1), encoding="utf-8")
