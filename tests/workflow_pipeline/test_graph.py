"""The graph on a real engine: the answer, the isolation, the cache, the gate, and a run that is killed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from docker import DockerClient
from filelock import FileLock
from packaging.utils import canonicalize_name

from churn.harness.processes import wait_until
from churn.harness.report import read_report
from churn.harness.same_answer import SAME_ANSWER, largest_difference
from churn.simulator.faults import break_export
from tests.workflow_pipeline.conftest import (
    builds,
    containers,
    copy_of_the_code,
    executed,
    predictions,
    report,
    start,
    unnamed,
    wait_for,
    wait_for_step,
    workflow,
)
from workflow_pipeline.containers.build_images import write_bill_of_materials
from workflow_pipeline.images import ENVIRONMENT, image
from workflow_pipeline.serving.container import build_serving_image

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def test_the_answer_is_the_plain_one(finished: Path, plain: Path) -> None:
    ours, theirs = predictions(finished / "workflow"), predictions(plain)
    assert ours["customer_id"].equals(theirs["customer_id"])
    assert largest_difference(ours, theirs) <= SAME_ANSWER
    expected = json.loads((plain / "report.json").read_text(encoding="utf-8"))
    same = ("data_fingerprint", "month", "holdout_month", "customers")
    assert {name: report(finished)[name] for name in same} == {name: expected[name] for name in same}
    assert report(finished)["isolation"] == "container"


def test_a_second_run_executes_nothing_and_says_so(finished: Path, source: Path) -> None:
    before = predictions(finished / "workflow")
    again = workflow(source, finished)
    assert "all images exist: nothing was built" in again.stdout, again.stderr
    assert "nothing has changed, so nothing was executed" in again.stdout
    assert executed(finished) == []
    assert predictions(finished / "workflow").equals(before)


@pytest.mark.thorough
def test_a_serving_image_that_is_gone_is_made_and_asked_again_though_no_step_runs(
    client: DockerClient, finished: Path, source: Path, tmp_path: Path
) -> None:
    run = finished / "workflow"
    with (tmp_path / "images.log").open("w") as log:
        name, _ = build_serving_image(client, run / "model.skops", read_report(run / "report.json"), log)
    client.images.remove(name, force=True)
    again = workflow(source, finished)
    assert executed(finished) == []
    assert f"{name} answered for " in again.stdout


def test_a_changed_line_runs_its_stage_and_those_after_it(finished: Path, source: Path, tmp_path: Path) -> None:
    code = copy_of_the_code(tmp_path)
    process = code / "churn" / "process.py"
    process.write_text(process.read_text("utf-8").replace("MONTHS_OF_HISTORY = 3", "MONTHS_OF_HISTORY = 2"), "utf-8")
    changed = workflow(source, finished, cwd=code)
    assert changed.returncode == 0, changed.stderr
    assert executed(finished) == ["process", "build", "train", "deploy"]
    assert workflow(source, finished).returncode == 0
    assert executed(finished) == []  # changed back: nothing was forgotten


@pytest.mark.thorough
def test_a_changed_lock_runs_what_its_image_runs_though_its_first_build_was_killed(
    client: DockerClient, finished: Path, source: Path, tmp_path: Path
) -> None:
    code = copy_of_the_code(tmp_path)
    with (code / "workflow_pipeline" / "locks" / "validate.txt").open("a") as lock:
        lock.write(f"# {uuid4()}\n")  # nothing but a comment, and one that no build has seen
    say = "from workflow_pipeline.images import image; print(image('validate'), end='')"
    name = subprocess.run([sys.executable, "-c", say], cwd=code, capture_output=True, text=True, check=True).stdout
    assert name != image("validate")
    before = unnamed(client)
    try:
        with start(source, finished, cwd=code) as building:
            wait_for(lambda: builds(client))
            os.killpg(building.pid, signal.SIGKILL)
            building.communicate(timeout=60)
        wait_for(lambda: not builds(client))  # what is in use is not swept up
        assert client.images.list(name) == []
        changed = workflow(source, finished, cwd=code)
        assert changed.returncode == 0, changed.stderr
        assert "images built: validate\n" in changed.stdout
        assert executed(finished) == ["validate", "process", "build", "train", "deploy"]
        wait_for(lambda: unnamed(client) <= before)
    finally:
        if client.images.list(name):
            client.images.remove(name)


def test_steps_are_locked_down(finished: Path, seen: dict[str, Any], source: Path) -> None:
    found = dict(seen)
    assert set(found) == {*ENVIRONMENT, "serving"}
    for attributes in found.values():
        host = attributes["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert 0 < host["Memory"] <= 3 * 1024**3
        assert host["PidsLimit"] > 0
        assert not host["Privileged"]
        assert attributes["Config"]["User"].split(":")[0] not in ("", "0", "root")
        assert attributes["Config"]["Entrypoint"] is None
    assert [host["HostIp"] for host in found.pop("serving")["HostConfig"]["PortBindings"]["8000/tcp"]] == ["127.0.0.1"]
    assert seen["serving"]["HostConfig"]["NetworkMode"].startswith("one-churn-problem-")  # not Docker's own
    for attributes in found.values():
        assert attributes["HostConfig"]["NetworkMode"] == "none"
    reads_of = {
        "collect": {str(source)},
        "validate": {"collect/raw"},
        "process": {"validate/valid"},
        "build": {"process/features", "process/labels"},
        "train": {"build/training"},
        "deploy": {"train/model", "process/features"},
    }
    for stage, attributes in found.items():
        mounts = {mount["Source"]: mount["RW"] for mount in attributes["Mounts"]}
        (own,) = (Path(path) for path, writable in mounts.items() if writable)
        run = own.parent
        assert own.name == stage
        assert run.parent == finished / "workflow" / "steps"
        reads = {str(run / path) for path in reads_of[stage]}  # an absolute path stays what it is
        assert {path for path, writable in mounts.items() if not writable} == reads


@pytest.mark.thorough
def test_a_damaged_report_is_written_again(finished: Path, source: Path) -> None:
    place = finished / "workflow" / "report.json"
    before = report(finished)
    for damage in (b"", b"{}", b"\xff", place.read_bytes()[:100]):
        place.write_bytes(damage)
        again = workflow(source, finished)
        assert again.returncode == 0, again.stderr
        assert report(finished)["ceiling_roc_auc"] == before["ceiling_roc_auc"]


@pytest.mark.thorough
def test_an_export_that_a_step_may_not_read_is_named_and_its_failure_is_not_remembered(
    client: DockerClient, source: Path, runs: Path, tmp_path: Path
) -> None:
    closed = Path(shutil.copytree(source, tmp_path / "source"))
    month = closed / "month=2025-01"
    month.chmod(0o700 if os.getuid() == 0 else 0)
    refused = workflow(closed, runs)
    assert refused.returncode == 2
    assert re.fullmatch(rf"error: permission denied: {month} cannot be read .+\n", refused.stderr), refused.stderr
    month.chmod(0o755)
    done = workflow(closed, runs)
    assert done.returncode == 0, done.stderr


@pytest.mark.thorough
def test_a_retry_of_collect_can_succeed(
    client: DockerClient, source: Path, runs: Path, finished: Path, tmp_path: Path
) -> None:
    closed = Path(shutil.copytree(source, tmp_path / "source"))
    month = closed / "month=2025-04"
    month.chmod(0o700 if os.getuid() == 0 else 0)
    log = runs / "workflow" / "log.txt"
    with start(closed, runs) as running:
        wait_for(lambda: log.is_file() and "permission denied" in log.read_text("utf-8"))
        month.chmod(0o755)
        stderr = running.communicate(timeout=120)[1]
    assert running.returncode == 0, stderr
    assert "FileExistsError" not in log.read_text("utf-8")
    assert predictions(runs / "workflow").equals(predictions(finished / "workflow"))


def test_a_broken_export_stops_the_graph_and_keeps_what_was_served(
    client: DockerClient, source: Path, finished: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "source"
    subprocess.run(["cp", "-r", source, broken], check=True)
    break_export(broken / "month=2025-04", "renamed_column", "usage")
    before = (finished / "workflow" / "report.json").read_bytes()
    for _ in range(2):  # a failure is not remembered as a success
        refused = workflow(broken, finished)
        assert refused.returncode == 2
        assert "error: usage 2025-04: column" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        assert (finished / "workflow" / "report.json").read_bytes() == before
    assert containers(client, finished) == []


def test_an_artifact_edited_by_hand_is_noticed(finished: Path, source: Path) -> None:
    assert workflow(source, finished).returncode == 0
    steps = sorted((finished / "workflow" / "steps").glob("churn-*/process/labels"))
    edited = next((steps[0] / "month=2025-01").glob("*.parquet"))
    content = edited.read_bytes()
    edited.write_bytes(content + b" ")
    try:
        refused = workflow(source, finished)
        assert refused.returncode == 2
        assert "was changed after its step had written it: delete that folder" in refused.stderr
        assert executed(finished) == []
        shutil.rmtree(steps[0].parents[1] / "build")  # now a step would have to use it
        refused = workflow(source, finished)
        assert refused.returncode == 2
        assert re.fullmatch(r"error: .+/labels was changed after its step had written it: .+\n", refused.stderr)
    finally:
        edited.write_bytes(content)
    assert workflow(source, finished).returncode == 0
    assert executed(finished) == ["build", "train", "deploy"]


@pytest.mark.thorough
def test_a_killed_container_fails_its_step_and_the_next_run_goes_on(
    client: DockerClient, source: Path, runs: Path, finished: Path
) -> None:
    with start(source, runs) as running:
        wait_for_step(client, runs, "process").kill("SIGKILL")
        stderr = running.communicate(timeout=120)[1]
    assert running.returncode == 2, stderr
    assert "error: the step process failed (killed: SIGKILL): its log is " in stderr
    assert containers(client, runs) == []
    assert workflow(source, runs).returncode == 0
    assert executed(runs) == ["process", "build", "train", "deploy"]
    assert predictions(runs / "workflow").equals(predictions(finished / "workflow"))


@pytest.mark.thorough
def test_collection_is_tried_again_when_its_container_dies(
    client: DockerClient, source: Path, runs: Path, finished: Path
) -> None:
    with start(source, runs) as running:
        first = wait_for_step(client, runs, "collect")
        first.kill("SIGKILL")
        second = wait_for(lambda: [again for again in containers(client, runs) if again.id != first.id])
        stderr = running.communicate(timeout=120)[1]
    assert "/collect:" in second[0].attrs["Config"]["Image"]
    assert running.returncode == 0, stderr
    assert predictions(runs / "workflow").equals(predictions(finished / "workflow"))


@pytest.mark.thorough
def test_a_killed_run_leaves_nothing_behind_and_the_next_goes_on(
    client: DockerClient, source: Path, runs: Path, finished: Path
) -> None:
    with start(source, runs) as running:
        wait_for_step(client, runs, "build")
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
    wait_until(
        lambda: not [each for each in containers(client, runs) if each.status == "running"], 30, "a step went on"
    )
    assert workflow(source, runs).returncode == 0
    assert executed(runs) == ["build", "train", "deploy"]
    assert containers(client, runs) == []
    assert predictions(runs / "workflow").equals(predictions(finished / "workflow"))


@pytest.mark.thorough
def test_two_runs_in_one_folder_do_not_sweep_each_other_away(source: Path, finished: Path) -> None:
    with FileLock(finished / "workflow" / ".lock"):
        second = workflow(source, finished)
    assert second.returncode == 2
    assert "another run is at work in" in second.stderr


@pytest.mark.thorough
def test_a_bill_of_materials_lists_what_is_installed(client: DockerClient, finished: Path, tmp_path: Path) -> None:
    say = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps([(found.name, found.version) for found in distributions()]))"
    )
    for stage in ENVIRONMENT:
        write_bill_of_materials(stage, tmp_path)
        bill = json.loads((tmp_path / f"{stage}.cdx.json").read_text(encoding="utf-8"))
        assert bill["bomFormat"] == "CycloneDX"
        installed = client.containers.run(image(stage), ["python", "-c", say], network_mode="none", remove=True)
        billed = {(canonicalize_name(part["name"]), part["version"]) for part in bill["components"]}
        assert billed == {(canonicalize_name(name), pin) for name, pin in json.loads(installed)}


def test_a_port_that_is_taken_is_named_and_nothing_is_lost(client: DockerClient, finished: Path, source: Path) -> None:
    before = predictions(finished / "workflow")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = workflow(source, finished, "--serve", str(port))
    assert refused.returncode == 2
    assert refused.stderr == f"error: port {port} is taken: make serve-workflow PORT={port + 1} uses a different one\n"
    assert containers(client, finished) == []
    assert predictions(finished / "workflow").equals(before)


def test_images_say_what_they_are_and_where_they_come_from(client: DockerClient, finished: Path) -> None:
    for stage in ENVIRONMENT:
        found = client.images.get(image(stage))
        labels = found.labels
        assert labels["one-churn-problem.stage"] == stage
        assert labels["org.opencontainers.image.version"] == image(stage).split(":")[1]
        assert labels["org.opencontainers.image.revision"]
        assert labels["org.opencontainers.image.source"].endswith("workflow_pipeline/Dockerfile")
        assert found.attrs["Config"]["User"] == "65532:65532"


@pytest.mark.thorough
def test_a_served_model_stays_while_another_run_goes_on_and_goes_with_ctrl_c(
    client: DockerClient, finished: Path, source: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with start(source, finished, "--serve", str(port)) as serving:
        try:
            assert serving.stdout is not None
            address = next(f[0] for line in serving.stdout if (f := re.search(r"http://127\.0\.0\.1:\d+", line)))
            assert workflow(source, finished).returncode == 0
            assert httpx.get(f"{address}/health", timeout=30).json() == {"status": "ok"}
        finally:
            serving.send_signal(signal.SIGINT)
            _, stderr = serving.communicate(timeout=60)
    assert (serving.returncode, stderr) == (0, "")
    assert containers(client, finished) == []


@pytest.mark.thorough
def test_a_served_model_that_dies_is_noticed(client: DockerClient, finished: Path, source: Path) -> None:
    with start(source, finished, "--serve", "0") as serving:
        assert serving.stdout is not None
        assert any("serving on http://127.0.0.1:" in line for line in serving.stdout)
        (served,) = containers(client, finished)
        served.kill("SIGKILL")
        _, stderr = serving.communicate(timeout=60)
    assert serving.returncode == 2
    assert re.fullmatch(
        r"error: the served model has ended \(exit code 137.*\): make serve-workflow starts it again\n", stderr
    ), stderr
    assert containers(client, finished) == []


@pytest.mark.thorough
def test_a_model_whose_server_was_killed_ends_and_is_swept_away(
    client: DockerClient, finished: Path, source: Path
) -> None:
    with start(source, finished, "--serve", "0") as serving:
        assert serving.stdout is not None
        assert any("serving on http://127.0.0.1:" in line for line in serving.stdout)
        os.killpg(serving.pid, signal.SIGKILL)
        serving.communicate(timeout=60)
    wait_for(lambda: [served.status for served in containers(client, finished)] == ["exited"])
    assert workflow(source, finished).returncode == 0
    assert containers(client, finished) == []


def test_without_an_engine_nothing_is_served_and_that_is_said(finished: Path, source: Path) -> None:
    refused = workflow(source, finished, "--serve", "8080", DOCKER_HOST="unix:///nowhere.sock")
    assert refused.returncode == 2
    assert "the model is served from an image, and no Docker engine answers" in refused.stderr
