"""Choose where the steps run: in locked-down containers, or as processes if there is no Docker engine."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import DockerException
from docker.models.containers import Container
from kfp import local
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from churn.harness.addresses import ask_without_proxy
from churn.harness.alive import is_alive, this_process
from churn.harness.errors import BadInput
from workflow_pipeline.engine import exit_code, mounts
from workflow_pipeline.engine.mounts import user_of
from workflow_pipeline.images import REPOSITORY
from workflow_pipeline.pipeline import MEMORY_LIMIT

MOST_PROCESSES = 512  # threads count, too
STEP_LABEL = f"{REPOSITORY}.folder"  # on containers of steps, not on those of builds; its value is the folder of runs
SERVED_LABEL = f"{REPOSITORY}.served-by"  # its value is the process that serves the model
ENGINE_FAILURES = (DockerException, RequestException, HTTPError)  # HTTPError: the engine ended while it sent a log


def engine() -> docker.DockerClient | None:
    """Return a client of the Docker engine, or None if there is no engine.

    Raises BadInput if there is an engine that this user may not use.
    """
    try:
        ask_without_proxy()  # DOCKER_HOST may be a port of this machine
        client = docker.from_env(timeout=600)
        client.ping()
    except DockerException as error:
        if "permission denied" in str(error).lower():
            raise BadInput(
                "there is a Docker engine, but this user may not use it: "
                "sudo usermod -aG docker $USER, then log in again"
            ) from error
        return None
    if os.getuid() == 0:
        os.umask(0o022)  # the steps run as a different user, who reads the files that we write
    return client


def run_in_containers(client: docker.DockerClient, folder: Path, *sources: Path) -> None:
    """Configure kfp to run each step in a container without a network.

    A step can write to its own folder in `folder`, read its inputs, and see nothing else of this machine.
    """
    exit_code.install()
    mounts.install(*sources)
    _init(
        local.DockerRunner(
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": "mode=1777"},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            user=user_of(folder),
            mem_limit=MEMORY_LIMIT,
            memswap_limit=MEMORY_LIMIT,
            pids_limit=MOST_PROCESSES,
            labels=labels_of(folder),
        ),
        folder,
        enable_caching=True,
    )


def run_in_processes(folder: Path) -> None:
    """Configure kfp to run each step as a child process with this environment's packages, without isolation.

    There is no cache either. Its key contains the image, and here no image identifies the packages.
    """
    _init(local.SubprocessRunner(use_venv=False), folder, enable_caching=False)


def labels_of(folder: Path) -> dict[str, str]:
    """Return the labels by which `sweep` finds the containers of runs in `folder`."""
    return {STEP_LABEL: str(folder)}


def labels_of_served(folder: Path) -> dict[str, str]:
    """Return the labels of a served model. `sweep` keeps its container while the process that serves it is alive."""
    return {**labels_of(folder), SERVED_LABEL: this_process()}


def _is_served_by_another_run(container: Container) -> bool:
    process = container.labels.get(SERVED_LABEL)
    return process is not None and container.status == "running" and is_alive(process)


def sweep(client: docker.DockerClient | None, folder: Path) -> None:
    """Remove the containers and networks of a killed run, and the files of its steps that did not finish."""
    if client is not None:
        ours = [f"{name}={value}" for name, value in labels_of(folder).items()]
        for container in client.containers.list(all=True, filters={"label": ours}):
            if not _is_served_by_another_run(container):
                container.remove(force=True)
        for network in client.networks.list(filters={"label": ours}):
            if not is_alive(network.attrs["Labels"][SERVED_LABEL]):
                network.remove()
    remembered = "".join(map(_remembered, (folder / "cache").glob("*.json")))
    for step in folder.glob("churn-*/*"):
        if json.dumps(f"{step}/")[1:-1] not in remembered:  # as JSON writes a path with an umlaut
            shutil.rmtree(step, ignore_errors=True)
    for run in folder.glob("churn-*"):
        if not any(run.iterdir()):
            run.rmdir()


def _remembered(entry: Path) -> str:
    """Return an entry of the cache. A damaged one is deleted: its step runs again."""
    text = entry.read_text(encoding="utf-8", errors="replace")
    with suppress(ValueError):
        if isinstance(json.loads(text), dict):
            return text
    entry.unlink()
    return ""


def _init(runner: local.DockerRunner | local.SubprocessRunner, folder: Path, enable_caching: bool) -> None:
    root, workspace = str(folder), str(folder / "workspace")
    local.init(runner, root, workspace, enable_caching=enable_caching, cache_root=str(folder / "cache"))
