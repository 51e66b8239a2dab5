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
# The engine closes the container's standard input when this process ends, even by SIGKILL. Then the step is ended: the
# shell is process 1, which `kill -1` spares, and it returns the step's exit code.
UNTIL_INPUT_ENDS = 'exec 3<&0; { cat <&3 >/dev/null; kill -s KILL -1; } & "$@" 3<&- </dev/null; exit $?'


def run_docker_container(
    client: docker.DockerClient, image: str, command: list[str], volumes: dict[str, Any], **options: Any
) -> int:
    """Run one step to its end and return its exit code. The container is removed whatever happens."""
    command = ["sh", "-c", UNTIL_INPUT_ENDS, "sh", *command]
    container = client.containers.create(image=image, command=command, volumes=volumes, stdin_open=True, **options)
    input_of_container = container.attach_socket(params={"stdin": 1, "stream": 1})
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
        input_of_container._response.close()  # closing docker's socket alone would leave its connection open
        with suppress(docker.errors.DockerException):
            container.remove(force=True)


def install() -> None:
    """Replace kfp's function by ours."""
    docker_task_handler.run_docker_container = run_docker_container
