"""A step sees its inputs and its own folder, and nothing of the other steps."""

import json
from pathlib import Path
from typing import Any

import pytest

from churn.harness.errors import BadInput
from workflow_pipeline.engine.mounts import mounts_of
from workflow_pipeline.engine.runner import sweep


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    (tmp_path / "steps" / "churn-1" / "process" / "features").mkdir(parents=True)
    (tmp_path / "source").mkdir()
    return tmp_path / "steps"


def task(steps: Path, *inputs: Path) -> dict[str, Any]:
    artifacts = {path.name: {"artifacts": [{"uri": str(path)}]} for path in inputs}
    output = steps / "churn-2" / "build" / "executor_output.json"
    return {"inputs": {"artifacts": artifacts} if inputs else {}, "outputs": {"outputFile": str(output)}}


def modes(mounts: dict[str, Any]) -> dict[str, str]:
    assert all(path == mount["bind"] for path, mount in mounts.items())
    return {path: mount["mode"] for path, mount in mounts.items()}


@pytest.mark.parametrize("mode", ["rw", "rw,z"])
def test_a_step_writes_to_its_folder_and_reads_its_inputs(steps: Path, mode: str) -> None:
    features, source = steps / "churn-1" / "process" / "features", steps.parent / "source"
    own = steps / "churn-2" / "build"
    read_only = mode.replace("w", "o")
    found = modes(mounts_of(task(steps, features, source), str(steps), [source], mode))
    assert found == {str(features): read_only, str(source): read_only, str(own): mode}
    assert own.is_dir()
    assert modes(mounts_of(task(steps), str(steps), [source])) == {str(own): "rw"}


@pytest.mark.parametrize(
    "claimed", ["/etc", "..", "cache", "churn-1", "churn-1/process/features/../labels", "gone/a/b"]
)
def test_no_step_gets_a_folder_that_another_claims_as_its_output(steps: Path, claimed: str) -> None:
    (steps / "cache").mkdir()
    (steps / "churn-1" / "process" / "labels").mkdir()
    with pytest.raises(BadInput, match="is not a folder that a step has written"):
        mounts_of(task(steps, steps / claimed), str(steps), [steps.parent / "source"])


def test_no_step_gets_what_a_link_points_to(steps: Path) -> None:
    link = steps / "churn-1" / "process" / "labels"
    link.symlink_to("/etc")
    with pytest.raises(BadInput, match="is not a folder that a step has written"):
        mounts_of(task(steps, link), str(steps), [steps.parent / "source"])


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe\x00"])
def test_a_damaged_entry_of_the_cache_is_forgotten_with_its_step(steps: Path, damage: bytes) -> None:
    step, kept = steps / "churn-1" / "process", steps / "churn-1" / "build"
    kept.mkdir()
    (steps / "cache").mkdir()
    (steps / "cache" / "a.json").write_text(json.dumps({"training": {"uri": f"{kept}/training"}}), encoding="utf-8")
    (steps / "cache" / "b.json").write_bytes(damage)
    sweep(None, steps)
    assert [entry.name for entry in (steps / "cache").iterdir()] == ["a.json"]
    assert (step.exists(), kept.exists()) == (False, True)
