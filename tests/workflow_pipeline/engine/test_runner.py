"""The Docker engine fails a run: it is killed, its disk is full, or an image is gone."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from docker import DockerClient

from churn.harness.errors import BadInput
from tests.workflow_pipeline.conftest import (
    builds,
    containers,
    copy_of_the_code,
    executed,
    predictions,
    start,
    wait_for,
    wait_for_step,
    workflow,
)
from tests.workflow_pipeline.engine.own_engine import OwnEngine, own_engine
from workflow_pipeline.containers.build_images import build, sweep_builds
from workflow_pipeline.images import ENVIRONMENT, image

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can start a second engine"),
]


BASE = "python:3.11-slim-bookworm"  # where a build begins

FULL = "the engine's disk is full: docker system df shows what uses the space"


@pytest.fixture(scope="module")
def own(client: DockerClient, finished: Path, seen: dict[str, Any]) -> Iterator[OwnEngine]:
    with own_engine() as engine:
        engine.take_over([BASE, *(image(stage) for stage in ENVIRONMENT), seen["serving"]["Config"]["Image"]])
        yield engine


def test_a_killed_engine_fails_the_run_and_the_next_one_goes_on(
    own: OwnEngine, source: Path, runs: Path, finished: Path
) -> None:
    images = sorted(image.id for image in own.client.images.list(all=True))
    with start(source, runs, inside=own.inside) as running:
        wait_for_step(own.client, runs, "build")
        own.kill()
        stderr = running.communicate(timeout=120)[1]
    assert running.returncode == 2, stderr
    assert stderr.startswith("error: the Docker engine failed (")
    own.start()
    assert containers(own.client, runs) != []
    after = workflow(source, runs, inside=own.inside)
    assert after.returncode == 0, after.stderr
    assert executed(runs) == ["build", "train", "deploy"]
    assert predictions(runs / "workflow").equals(predictions(finished / "workflow"))
    assert own.client.containers.list(all=True) == []
    assert sorted(image.id for image in own.client.images.list(all=True)) == images
    assert sorted(network.name for network in own.client.networks.list()) == ["bridge", "host", "none"]


def test_a_disk_that_is_full_while_building_is_named_and_nothing_is_lost(
    own: OwnEngine, source: Path, finished: Path, tmp_path: Path
) -> None:
    images, before = tags(own), (finished / "workflow" / "report.json").read_bytes()
    code = copy_of_the_code(tmp_path)
    with (code / "churn" / "process.py").open("a") as process:
        process.write("# changed\n")
    with own.almost_full(megabytes_left=0):
        refused = workflow(source, finished, cwd=code, inside=own.inside)
    assert refused.returncode == 2
    assert re.fullmatch(
        rf"error: the image one-churn-problem/process:\w+ could not be built \({re.escape(FULL)}\)\n", refused.stderr
    ), refused.stderr
    assert tags(own) == images
    assert own.client.containers.list(all=True) == []
    assert (finished / "workflow" / "report.json").read_bytes() == before
    assert workflow(source, finished, inside=own.inside).returncode == 0


def test_a_disk_that_a_command_of_a_build_fills_is_named(own: OwnEngine, tmp_path: Path) -> None:
    images = tags(own)
    dockerfile = f"""FROM {image("collect")} AS step
RUN python -c "open('/tmp/large', 'wb').write(bytes(64_000_000))"
"""
    with (
        own.almost_full(megabytes_left=16),
        (tmp_path / "log").open("w") as log,
        pytest.raises(BadInput, match=rf"^the image x/y:large could not be built \({FULL}\)$"),
    ):
        build(own.client, "x/y:large", {"Dockerfile": dockerfile.encode()}, {}, "step", log)
    assert tags(own) == images
    assert own.client.containers.list(all=True) == []


def test_an_image_that_was_removed_while_the_run_went_on_is_named(own: OwnEngine, source: Path, runs: Path) -> None:
    gone = image("train")
    with start(source, runs, inside=own.inside) as running:
        wait_for_step(own.client, runs, "validate")
        own.client.images.remove(gone)
        stderr = running.communicate(timeout=120)[1]
    assert running.returncode == 2, stderr
    assert stderr == f"error: No such image: {gone}: it was removed during the run, and the next run builds it\n"
    own.take_over([gone])
    assert workflow(source, runs, inside=own.inside).returncode == 0
    assert executed(runs) == ["train", "deploy"]


def test_what_a_build_left_that_died_with_its_engine_is_swept_up(own: OwnEngine, tmp_path: Path) -> None:
    images = tags(own)
    endless, short = (f"FROM {image('collect')} AS step\nRUN {command}\n".encode() for command in ("sleep 600", "true"))
    refused: list[str] = []

    def build_endlessly() -> None:
        with (tmp_path / "endless.log").open("w") as log, pytest.raises(BadInput) as error:
            build(own.client, "x/y:endless", {"Dockerfile": endless}, {}, "step", log)
        refused.append(str(error.value))

    building = Thread(target=build_endlessly)
    building.start()
    try:
        wait_for(lambda: [build for build in builds(own.client) if build.status == "running"])
    finally:
        own.kill()
        building.join()
    assert refused[0].startswith("the image x/y:endless could not be built (")
    own.start()
    assert len(builds(own.client)) == 1
    with (tmp_path / "short.log").open("w") as log:
        build(own.client, "x/y:short", {"Dockerfile": short}, {}, "step", log)
    own.client.images.remove("x/y:short")
    sweep_builds(own.client)
    assert own.client.containers.list(all=True) == []
    assert own.client.images.list(filters={"dangling": True}) == []
    assert tags(own) == images


def tags(engine: OwnEngine) -> list[str]:
    return sorted(tag for image in engine.client.images.list() for tag in image.tags)
