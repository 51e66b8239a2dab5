"""Building the images that are not there yet, each with a bill of materials:
`python -m workflow_pipeline.containers.build_images`.
"""

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, TextIO

from docker import DockerClient
from docker.errors import BuildError, ImageNotFound

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, progress_bar
from workflow_pipeline.containers.compose import write_settings
from workflow_pipeline.engine.runner import ENGINE_FAILURES, STEP_LABEL, engine
from workflow_pipeline.images import ENVIRONMENT, HERE, LABEL, LOCKS_IN_ALL, REPOSITORY, ROOT, context, image


def build_images(client: DockerClient, folder: Path) -> None:
    """Build what is missing, with a bar; what the builder says goes to `folder`/images.log."""
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
    console.print(f"images built: {', '.join(built)}" if built else "all images are there: nothing was built")


def build(
    client: DockerClient,
    name: str,
    context: dict[str, bytes],
    arguments: dict[str, str],
    target: str,
    log: TextIO,
) -> bool:
    """Build one image unless it is there already, and say whether it was built. Raises BadInput when it cannot be."""
    try:
        client.images.get(name)
        return False
    except ImageNotFound:
        pass
    try:
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
        said = "".join(_text(step) for step in error.build_log)
        log.write(said)
        raise BadInput(f"the image {name} could not be built ({_reason(error.msg, said)})") from error
    except ENGINE_FAILURES as error:
        raise BadInput(f"the image {name} could not be built ({_reason(str(error))})") from error
    return True


def sweep_builds(client: DockerClient) -> None:
    """Remove what a killed build left, and no later one has taken up: its containers, and images without a name."""
    client.containers.prune(filters={"label": LABEL, "label!": STEP_LABEL})
    client.images.prune(filters={"dangling": True, "label": LABEL})


def _reason(message: str, said: str = "") -> str:
    """A command that finds no room says so in what it prints, not in how it ends."""
    if "no space left on device" in (message + said).lower():
        return "the engine's disk is full: docker system df says what takes the room"
    return message.strip()


def _labels(name: str) -> dict[str, str]:
    """The Open Container Initiative's own keys, so that any tool can tell where an image came from."""
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
    """Write `folder`/<stage>.cdx.json: the Python packages of the image, in CycloneDX's form, by its own tool."""
    folder.mkdir(parents=True, exist_ok=True)
    locks = [HERE / "locks" / f"{lock}.txt" for lock in (*LOCKS_IN_ALL, ENVIRONMENT[stage])]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "cyclonedx_py",
            "requirements",
            "--output-reproducible",
            "-o",
            folder / f"{stage}.cdx.json",
            "-",
        ],
        input="".join(lock.read_text(encoding="utf-8") for lock in locks),
        text=True,
        check=True,
        stderr=subprocess.DEVNULL,
    )


@exit_on_bad_input
def main() -> None:
    client = engine()
    if client is None:
        raise BadInput("no Docker engine answers: make doctor says how to get one")
    folder = Path("runs/workflow")
    build_images(client, folder)
    for stage in ENVIRONMENT:
        write_bill_of_materials(stage, folder / "bills-of-materials")
    settings = write_settings(Path("runs"))
    console.print(f"bills of materials: {folder / 'bills-of-materials'}; for compose.yaml: {settings}")


if __name__ == "__main__":
    main()
