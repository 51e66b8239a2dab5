"""The contents of each image, and what its tag depends on. No engine is needed for any of this."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kfp import compiler

from tests.workflow_pipeline.conftest import ROOT, copy_of_the_code
from workflow_pipeline import images
from workflow_pipeline.containers.contents import table
from workflow_pipeline.pipeline import COMPILED, churn_pipeline


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the code, from which the tags are computed."""
    copy_of_the_code(tmp_path)
    monkeypatch.setattr(images, "ROOT", tmp_path)
    monkeypatch.setattr(images, "HERE", tmp_path / "workflow_pipeline")
    return tmp_path


def changed_by(file: Path) -> set[str]:
    before = {stage: images.image(stage) for stage in images.ENVIRONMENT}
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    return {stage for stage in images.ENVIRONMENT if images.image(stage) != before[stage]}


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("churn/process.py", {"process"}),
        ("churn/train.py", {"train"}),
        ("churn/tables.py", {"validate", "process", "build", "train", "deploy"}),
        ("churn/contract.py", {"validate"}),
        ("churn/lake.py", set(images.ENVIRONMENT)),
        ("churn/harness/terminal.py", set()),
        ("workflow_pipeline/drift.py", {"validate"}),
        ("workflow_pipeline/engine/graph.py", set()),
        ("workflow_pipeline/locks/train.txt", {"build", "train"}),
        ("workflow_pipeline/locks/kfp.txt", set(images.ENVIRONMENT)),
        ("workflow_pipeline/Dockerfile", set(images.ENVIRONMENT)),
    ],
)
def test_a_changed_file_changes_the_images_that_hold_it(code: Path, file: str, stages: set[str]) -> None:
    assert changed_by(code / file) == stages


def test_the_same_files_give_the_same_tags_elsewhere(code: Path) -> None:
    elsewhere = {stage: images.image(stage) for stage in images.ENVIRONMENT}
    assert all(name.split(":")[1] in COMPILED.read_text(encoding="utf-8") for name in elsewhere.values())


def test_the_compiled_pipeline_is_current(tmp_path: Path) -> None:
    compiler.Compiler().compile(churn_pipeline, str(tmp_path / "pipeline.yaml"))
    assert (tmp_path / "pipeline.yaml").read_text(encoding="utf-8") == COMPILED.read_text(encoding="utf-8"), (
        "run: make pipeline-yaml"
    )


def pins(environment: str) -> dict[str, str]:
    text = (images.HERE / "locks" / f"{environment}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("stage", ["collect", "validate", "process"])
def test_images_of_the_data_stages_carry_no_scikit_learn(stage: str) -> None:
    assert not {"scikit-learn", "skops"} & set(pins(images.ENVIRONMENT[stage]))


def test_the_serving_image_carries_what_training_does_and_what_speaks_http() -> None:
    assert set(pins("train")) < set(pins("serve"))
    assert {"fastapi", "uvicorn"} <= set(pins("serve")) - set(pins("train"))
    assert not {"pandera", "frouros", "matplotlib"} & set(pins("serve"))


def test_the_serving_image_carries_no_code_that_training_alone_needs() -> None:
    code = {name for name in images.application_context() if name.startswith("code/churn/")}
    assert code == {
        f"code/churn/{name}.py"
        for name in (
            "__init__",
            "tables",
            "harness/__init__",
            "harness/errors",
            "harness/same_origin",
            "harness/signals",
            "harness/visible",
            "storage/__init__",
            "storage/model_file",
        )
    }


def test_every_way_to_import_a_module_is_followed(code: Path) -> None:
    train = code / "workflow_pipeline" / "train.py"
    for statement in (
        "import churn.simulator.exports",
        "from churn.simulator import exports",
        "from churn.simulator.exports import export",
    ):
        written = train.read_text(encoding="utf-8")
        train.write_text(written.replace("    import sklearn\n", f"    {statement}\n"), encoding="utf-8")
        assert "code/churn/simulator/exports.py" in images.context("train"), statement
        train.write_text(written, encoding="utf-8")


@pytest.mark.parametrize("environment", sorted({*images.ENVIRONMENT.values(), *images.LOCKS_IN_ALL}))
def test_every_pin_of_an_image_has_a_hash(environment: str) -> None:
    text = (images.HERE / "locks" / f"{environment}.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if entry]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_images_compute_with_the_versions_of_the_plain_answer() -> None:
    plain = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements/plain.txt").read_text("utf-8"), re.MULTILINE))
    for environment in ("process", "train", "serve"):
        assert {name: pin for name, pin in pins(environment).items() if plain.get(name, pin) != pin} == {}


def test_validating_and_training_need_different_versions_of_numpy() -> None:
    assert pins("validate")["numpy"].startswith("2.1.")
    assert pins("train")["numpy"].startswith("2.4.")


@pytest.mark.slow
def test_the_two_do_not_fit_into_one_environment(tmp_path: Path) -> None:
    one = tmp_path / "one.in"
    one.write_text("".join((images.HERE / "locks" / f"{name}.in").read_text() for name in ("validate", "train")))
    command = [shutil.which("sh") or "sh", "tools/uv.sh", "pip", "compile", str(one), "-c", "requirements/plain.txt"]
    refused = subprocess.run(
        [*command, "--python-version", "3.11"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert re.search(r"frouros\S+\s+depends\s+on\s+(numpy|scipy)", refused.stderr), refused.stderr


def test_the_readme_says_what_the_images_contain() -> None:
    assert table() in (images.HERE / "README.md").read_text(encoding="utf-8"), (
        "run: python -m workflow_pipeline.containers.contents"
    )
