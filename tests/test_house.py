"""What holds for the repository as a whole: its folders, who imports whom, and what its pages say."""

import ast
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.same_answer import PIPELINES, imported_modules, stage_table

ROOT = Path(__file__).parents[1]
STAGES = ["collect", "validate", "process", "build", "train", "deploy"]
MAY_IMPORT = {
    "churn": set(),
    **{pipeline: {"churn"} for pipeline in PIPELINES},
    "together": {"churn", *PIPELINES},
    "contrast": {"churn", *PIPELINES, "together"},
    "benchmarks": {"churn", *PIPELINES, "together"},
    "notebooks": {"churn"},
    "workshop": {"churn"},
    "tools": set(),
}
HERE = [folder for folder in MAY_IMPORT if any((ROOT / folder).glob("*.py"))]


def project_files() -> list[Path]:
    """What is in the repository or could be added; in a download, where git knows nothing, all but what make makes."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    git = shutil.which("git") and subprocess.run(listing, cwd=ROOT, capture_output=True, check=False)
    if git and git.returncode == 0:
        return [ROOT / name for name in git.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    made = {".venv", "runs", ".git", "__pycache__", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)]


def imports_of(folder: str) -> dict[str, set[str]]:
    files = [file for file in (ROOT / folder).rglob("*.py") if "answers" not in file.parts]  # which are a learner's
    return {str(file.relative_to(ROOT)): imported_modules(file) for file in files}


@pytest.mark.parametrize("folder", HERE)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[folder] - {folder}
    wrong = {file: names & forbidden for file, names in imports_of(folder).items() if names & forbidden}
    assert not wrong


@pytest.mark.parametrize(
    ("folder", "extra"), [("churn", None), ("model_pipeline", "model"), ("tracking_pipeline", "tracking")]
)
def test_what_a_folder_imports_is_declared(folder: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    declared = {canonicalize_name(Requirement(line).name) for line in listed}
    installed = packages_distributions()
    undeclared = {
        (file, name)
        for file, names in imports_of(folder).items()
        for name in names & set(installed)
        if not declared & {canonicalize_name(package) for package in installed[name]}
    }
    assert not undeclared


def test_stages_page_has_the_six_stages_in_order() -> None:
    assert list(stage_table()) == STAGES


def test_stages_page_connects_from_the_source_to_the_predictions() -> None:
    made = {"source"}
    for stage, (inputs, outputs) in stage_table().items():
        assert inputs, stage
        assert inputs <= made, stage
        assert not outputs & made, stage
        made |= outputs
    assert made == {*("source", "raw", "valid", "quarantine", "features", "labels", "training", "model", "predictions")}


@pytest.mark.parametrize("stage", STAGES)
def test_stages_page_names_the_partitions_that_the_code_uses(stage: str) -> None:
    tree = ast.parse((ROOT / "churn" / f"{stage}.py").read_text(encoding="utf-8"))
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    inputs, outputs = stage_table()[stage]
    assert (inputs | outputs) - {"source"} <= literals


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "STAGES.md"])
def test_links_and_folders_named_in_a_page_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    folders = re.findall(r"`([a-z_]+)/`", text)
    missing = [name for name in links + folders if not (ROOT / name).exists()]
    assert not missing


def test_no_file_names_a_package_index() -> None:
    addresses = re.compile(rb"pypi[.]org|pythonhosted[.]org|npmjs[.]org|deb[.]debian[.]org|--(extra-)?index-url")
    named = [str(path.relative_to(ROOT)) for path in project_files() if addresses.search(path.read_bytes())]
    assert named == []


def test_no_file_holds_a_secret() -> None:
    secret = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}")
    assert [str(path.relative_to(ROOT)) for path in project_files() if secret.search(path.read_bytes())] == []
