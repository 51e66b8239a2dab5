"""Two runs may need the same images at once: one builds, the other waits, and neither sweeps up the other's build."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from docker import DockerClient

from workflow_pipeline.containers.build_images import build, sweep_builds

pytestmark = [pytest.mark.docker, pytest.mark.slow]

LAYERS = 6
DOCKERFILE = "\n".join(
    ["FROM python:3.11-slim-bookworm AS step", "LABEL one-churn-problem=workflow"]
    + [f"RUN echo layer {number} of {{unique}}" for number in range(LAYERS)]
)


@pytest.fixture
def name(client: DockerClient) -> Iterator[str]:
    name = f"one-churn-problem-test/wanted-twice:{uuid4().hex[:12]}"
    yield name
    client.images.remove(name, force=True)


def built(client: DockerClient, name: str) -> bool:
    context = {"Dockerfile": DOCKERFILE.format(unique=name).encode()}
    return build(client, name, context, {}, "step", io.StringIO())


def test_an_image_that_two_runs_need_is_built_once(client: DockerClient, name: str) -> None:
    with ThreadPoolExecutor(2) as runs:
        assert sorted(runs.map(lambda _: built(client, name), range(2))) == [False, True]


def test_sweeping_leaves_a_running_build_alone(client: DockerClient, name: str) -> None:
    with ThreadPoolExecutor(1) as runs:
        build = runs.submit(built, client, name)
        while not build.done():
            sweep_builds(client)
        assert build.result()
    assert client.images.get(name).labels["one-churn-problem"] == "workflow"
