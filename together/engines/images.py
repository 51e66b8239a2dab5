"""One image for everything that speaks to MLflow: training, deployment, the endpoint, and the tracking server itself.

Its packages are the tracking pipeline's and kfp's runtime; its code is what those four import, and nothing else.
"""

from functools import cache
from pathlib import Path

from docker import DockerClient

from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from workflow_pipeline.containers.build_images import build, sweep_builds
from workflow_pipeline.engine.runner import engine
from workflow_pipeline.images import REPOSITORY, code_of, context, context_of, tag_of
from workflow_pipeline.images import image as step_image

HERE = Path(__file__).parents[1]
LOCK = HERE / "engines" / "together.txt"
ENVIRONMENT = "together"
NO_ENGINE = "no Docker engine answers: make demo-together NEST=two needs none, and make doctor explains how to get one"


@cache
def own_context() -> dict[str, bytes]:
    """Return the build context: file contents by path."""
    code = code_of(HERE / "components.py", only_inside_functions=True) | code_of(HERE / "endpoint.py")
    return context_of(code, LOCK)


def image() -> str:
    """Return the image's name. It is known before the image is built."""
    return f"{REPOSITORY}/together:{tag_of(own_context())}"


def build_images(client: DockerClient, log: Path) -> None:
    """Build the images that are missing: ours, and the one of the workflow pipeline's step `build`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    wanted = {
        "build": (step_image("build"), context("build"), "train"),
        "together": (image(), own_context(), ENVIRONMENT),
    }
    with log.open("w", encoding="utf-8") as file:
        built = [
            name
            for name, (tag, files, environment) in wanted.items()
            if build(client, tag, files, {"ENVIRONMENT": environment}, "step", file)
        ]
    if built:
        sweep_builds(client)
    console.print(f"images built: {', '.join(built)}" if built else "all images exist: nothing was built")


@exit_on_bad_input
def main() -> None:
    options = command("together.engines.images", "Build the images that are missing.")
    options.add_argument("--folder", type=Path, required=True)
    client = engine()
    if client is None:
        raise BadInput(NO_ENGINE)
    build_images(client, options.parse_args().folder / "images.log")


if __name__ == "__main__":
    main()
