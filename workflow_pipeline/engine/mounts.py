"""Mount what belongs to a step, and nothing else: its folder to write to, and its inputs to read.

kfp's DockerRunner mounts the whole pipeline root into every container, writable: the outputs of all steps, and the
cache. One bad step could then rewrite the answer of another and its seal, and the next run would take both from there.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docker import DockerClient
from kfp.local.docker_task_handler import DockerTaskHandler

from churn.harness.errors import BadInput

NOBODY = 65532
kfps_own = DockerTaskHandler.get_volumes_to_mount


def install(*sources: Path) -> None:
    """Replace kfp's method by ours. Only a step with one of `sources` among its inputs can read that folder."""

    def get_volumes_to_mount(step: DockerTaskHandler, client: DockerClient) -> dict[str, Any]:
        mode = kfps_own(step, client)[step.pipeline_root]["mode"]  # with SELinux: rw,z
        command = step.full_command
        return mounts_of(json.loads(command[command.index("--executor_input") + 1]), step.pipeline_root, sources, mode)

    DockerTaskHandler.get_volumes_to_mount = get_volumes_to_mount


def mounts_of(task: dict[str, Any], root: str, sources: Sequence[Path], mode: str = "rw") -> dict[str, Any]:
    """Return the mounts of one step, whose artifacts are in `task`. A path is the same in the container and outside.

    Raises BadInput if an input is neither one of `sources` nor a folder that a step has written below `root`. A step
    that claims another folder as its output, or puts a link there, gives nobody access to it.
    """
    artifacts = task["inputs"].get("artifacts", {}).values()
    inputs = [Path(artifact["uri"]) for named in artifacts for artifact in named["artifacts"]]
    for path in inputs:
        of_a_step = path.is_relative_to(root) and len(path.relative_to(root).parts) == 3  # run, step, artifact
        if not (path.exists() and path.resolve() == path and (of_a_step or path in sources)):
            raise BadInput(
                f"{path} is not a folder that a step has written: delete it, and the next run writes it again"
            )
    own = Path(task["outputs"]["outputFile"]).parent
    own.mkdir(parents=True, exist_ok=True)
    user_of(own)
    mounts = {str(path): {"bind": str(path), "mode": mode.replace("rw", "ro")} for path in inputs}
    return {**mounts, str(own): {"bind": str(own), "mode": mode}}


def user_of(folder: Path) -> str:
    """Return the user that containers run as: the owner of the files they write, and never root."""
    if os.getuid() != 0:
        return f"{os.getuid()}:{os.getgid()}"
    os.chown(folder, NOBODY, NOBODY)
    return f"{NOBODY}:{NOBODY}"
