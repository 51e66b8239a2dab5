"""kfp's DockerRunner can take a failed step for a good one; this file is the cure, to be deleted when kfp has its own.

kfp 2.17 starts each container with auto_remove and asks for its exit code after the logs have ended. By then the engine
may have removed the container, and "not found" is read as success. A gate that fails is then no gate.
https://github.com/kubeflow/pipelines/issues/13332

Here the container stays until its exit code is known, and is removed then.
"""

from contextlib import suppress
from typing import Any

import docker
from kfp.local import docker_task_handler

SIGKILL = 128 + 9


def run_docker_container(
    client: docker.DockerClient, image: str, command: list[str], volumes: dict[str, Any], **options: Any
) -> int:
    """Run one step to its end and return its exit code; the container is gone afterwards, whatever happened."""
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
    """Put it in the place of kfp's."""
    docker_task_handler.run_docker_container = run_docker_container
