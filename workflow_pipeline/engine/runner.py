"""Where the steps run: in locked-down containers, or, without a Docker engine, as processes of this machine."""

import os
import shutil
from pathlib import Path

import docker
from docker.errors import DockerException
from docker.models.containers import Container
from docker.types import Mount
from kfp import local
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from churn.harness.errors import BadInput
from workflow_pipeline.engine import exit_code
from workflow_pipeline.images import REPOSITORY
from workflow_pipeline.pipeline import MEMORY_LIMIT

NOBODY = 65532
MOST_PROCESSES = 512  # threads count, too
STEP_LABEL = f"{REPOSITORY}.folder"  # on the containers of steps, and not on those of builds
SERVED_LABEL = f"{REPOSITORY}.served-by"  # a process of this machine, by its id
ENGINE_FAILURES = (
    DockerException,
    RequestException,
    HTTPError,
)  # the last: it went away while it was being listened to


def engine() -> docker.DockerClient | None:
    """The Docker engine, None if there is none. Raises BadInput if there is one that we may not use."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
        return client
    except DockerException as error:
        if "permission denied" in str(error).lower():
            raise BadInput(
                "there is a Docker engine, but this user may not use it: "
                "sudo usermod -aG docker $USER, then log in anew"
            ) from error
        return None


def run_in_containers(client: docker.DockerClient, folder: Path, source: Path) -> None:
    """Set kfp up to run steps as containers that see `folder` and, to read only, `source`, and no network."""
    exit_code.install()
    user = user_of(folder)
    _init(
        local.DockerRunner(
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": "mode=1777"},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            user=user,
            mem_limit=MEMORY_LIMIT,
            memswap_limit=MEMORY_LIMIT,
            pids_limit=MOST_PROCESSES,
            mounts=[Mount(target=str(source), source=str(source), type="bind", read_only=True)],
            labels=labels_of(folder),
        ),
        folder,
        enable_caching=True,
    )


def run_in_processes(folder: Path) -> None:
    """Set kfp up to run steps as child processes with this environment's packages: no isolation at all.

    And no cache: its key is the image, and no image says what this environment holds.
    """
    _init(local.SubprocessRunner(use_venv=False), folder, enable_caching=False)


def labels_of(folder: Path) -> dict[str, str]:
    """By these `sweep` knows the containers of the runs in `folder`."""
    return {STEP_LABEL: str(folder)}


def labels_of_served(folder: Path) -> dict[str, str]:
    """The same for the served model, which `sweep` leaves alone as long as the process that serves it is alive."""
    return {**labels_of(folder), SERVED_LABEL: str(os.getpid())}


def _is_served_by_another_run(container: Container) -> bool:
    pid = container.labels.get(SERVED_LABEL)
    if pid is None or container.status != "running":
        return False
    try:
        os.kill(int(pid), 0)
    except OSError:
        return False
    return True


def sweep(client: docker.DockerClient | None, folder: Path) -> None:
    """Remove what a killed run left: its containers, and the files of steps that did not finish."""
    if client is not None:
        ours = [f"{name}={value}" for name, value in labels_of(folder).items()]
        for container in client.containers.list(all=True, filters={"label": ours}):
            if not _is_served_by_another_run(container):
                container.remove(force=True)
    remembered = "".join(entry.read_text(encoding="utf-8") for entry in (folder / "cache").glob("*.json"))
    for step in folder.glob("churn-*/*"):
        if f"{step}/" not in remembered:
            shutil.rmtree(step, ignore_errors=True)
    for run in folder.glob("churn-*"):
        if not any(run.iterdir()):
            run.rmdir()


def _init(runner: local.DockerRunner | local.SubprocessRunner, folder: Path, enable_caching: bool) -> None:
    root, workspace = str(folder), str(folder / "workspace")
    local.init(runner, root, workspace, enable_caching=enable_caching, cache_root=str(folder / "cache"))


def user_of(folder: Path) -> str:
    """Who the containers run as: the owner of the files they write, and never root."""
    if os.getuid() != 0:
        return f"{os.getuid()}:{os.getgid()}"
    os.chown(folder, NOBODY, NOBODY)
    return f"{NOBODY}:{NOBODY}"
