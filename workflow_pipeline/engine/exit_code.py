"""Fix kfp's DockerRunner, which can take a failed step for a successful one. Delete this file when kfp has a fix.

kfp 2.17 starts each container with auto_remove and asks for its exit code after the logs have ended. By then the engine
may have removed the container, and kfp reads "not found" as success. A gate that fails would then be open.
https://github.com/kubeflow/pipelines/issues/13332

Here we remove the container ourselves, after we know its exit code.
"""

from contextlib import suppress
from typing import Any

import docker
from kfp.local import docker_task_handler

SIGKILL = 128 + 9


def run_docker_container(
    client: docker.DockerClient, image: str, command: list[str], volumes: dict[str, Any], **options: Any
) -> int:
    """Run one step to its end and return its exit code. The container is removed whatever happens."""
    container = client.containers.create(image=image, command=command, volumes=volumes, **options)
    try:
        container.start()
        for line in container.logs(stream=True):
            print(line.decode(errors="replace"), end="")
        code = int(container.wait()["StatusCode"])
        if code == SIGKILL:
            container.reload()
            why = "it needed more memory than its limit" if container.attrs["State"]["OOMKilled"] else "SIGKILL"
            print(f"killed: {why}")
        return code
    finally:
        with suppress(docker.errors.DockerException):
            container.remove(force=True)


def install() -> None:
    """Replace kfp's function by ours."""
    docker_task_handler.run_docker_container = run_docker_container
