"""Build the images that do not exist yet, and write a bill of materials for each.

`make images` runs it as `python -m workflow_pipeline.containers.build_images`.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, TextIO

from docker import DockerClient
from docker.errors import BuildError, ImageNotFound
from filelock import FileLock

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, progress_bar
from workflow_pipeline.containers.compose import write_settings
from workflow_pipeline.engine.runner import ENGINE_FAILURES, STEP_LABEL, engine
from workflow_pipeline.images import ENVIRONMENT, HERE, LABEL, LOCKS_IN_ALL, REPOSITORY, ROOT, context, image


def build_images(client: DockerClient, folder: Path) -> None:
    """Build the images that are missing, and show a progress bar. Docker's output goes to `folder`/images.log."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "images.log").open("w", encoding="utf-8") as log,
        progress_bar("images", len(ENVIRONMENT), "workflow") as bar,
    ):
        built = []
        for stage, environment in ENVIRONMENT.items():
            if build(client, image(stage), context(stage), {"ENVIRONMENT": environment}, "step", log):
                built.append(stage)
            bar.advance()
    if built:
        sweep_builds(client)
    console.print(f"images built: {', '.join(built)}" if built else "all images exist: nothing was built")


def build(
    client: DockerClient,
    name: str,
    context: dict[str, bytes],
    arguments: dict[str, str],
    target: str,
    log: TextIO,
) -> bool:
    """Build one image unless it exists, and return whether it was built. Raises BadInput if the build fails.

    A second run waits for the first one's build, and then finds the image.
    """
    if _exists(client, name):
        return False
    try:
        with _one_at_a_time():
            if _exists(client, name):
                return False
            steps = client.images.build(
                fileobj=_packed(context),
                custom_context=True,
                tag=name,
                target=target,
                buildargs=arguments,
                labels=_labels(name),
                rm=True,
                forcerm=True,
            )[1]
            log.writelines(_text(step) for step in steps)
    except BuildError as error:
        output = "".join(_text(step) for step in error.build_log)
        log.write(output)
        raise BadInput(f"the image {name} could not be built ({_reason(error.msg, output)})") from error
    except ENGINE_FAILURES as error:
        raise BadInput(f"the image {name} could not be built ({_reason(str(error))})") from error
    return True


def sweep_builds(client: DockerClient) -> None:
    """Remove what killed builds left behind: their containers, and images without a name.

    What a build is working on looks the same, so this waits until no build of this user runs.
    """
    with _one_at_a_time():
        client.containers.prune(filters={"label": LABEL, "label!": STEP_LABEL})
        client.images.prune(filters={"dangling": True, "label": LABEL})


def _exists(client: DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _one_at_a_time() -> FileLock:
    return FileLock(Path(tempfile.gettempdir()) / f"one-churn-problem-{os.getuid()}-images.lock")


def _reason(message: str, output: str = "") -> str:
    """Return why a build failed. Docker's message does not always mention a full disk, but the output does."""
    if "no space left on device" in (message + output).lower():
        return "the engine's disk is full: docker system df shows what uses the space"
    return message.strip()


def _labels(name: str) -> dict[str, str]:
    """Return labels with the Open Container Initiative's keys, by which any tool can show where an image comes from."""
    repository, tag = name.split(":")
    describe = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"]
    commit = subprocess.run(describe, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "org.opencontainers.image.title": repository,
        "org.opencontainers.image.version": tag,
        "org.opencontainers.image.source": f"{REPOSITORY}/workflow_pipeline/Dockerfile",
        "org.opencontainers.image.revision": commit.stdout.strip() or "unknown",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "one-churn-problem.stage": repository.split("/")[1],
    }


def _packed(context: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in context.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    packed.seek(0)
    return packed


def _text(step: dict[str, Any]) -> str:
    return str(step.get("stream", ""))


def write_bill_of_materials(stage: str, folder: Path) -> None:
    """Write `folder`/<stage>.cdx.json, the Python packages of the image in CycloneDX's format."""
    folder.mkdir(parents=True, exist_ok=True)
    locks = [HERE / "locks" / f"{lock}.txt" for lock in (*LOCKS_IN_ALL, ENVIRONMENT[stage])]
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "-"]
    pins = "".join(lock.read_text(encoding="utf-8") for lock in locks)
    with (folder / f"{stage}.cdx.json").open("w", encoding="utf-8") as bill:
        subprocess.run(command, input=pins, stdout=bill, stderr=subprocess.DEVNULL, text=True, check=True)


@exit_on_bad_input
def main() -> None:
    client = engine()
    if client is None:
        raise BadInput("no Docker engine answers: make doctor explains how to get one")
    folder = Path("runs/workflow")
    build_images(client, folder)
    for stage in ENVIRONMENT:
        write_bill_of_materials(stage, folder / "bills-of-materials")
    settings = write_settings(Path("runs"))
    console.print(f"bills of materials: {folder / 'bills-of-materials'}; for compose.yaml: {settings}")


if __name__ == "__main__":
    main()
