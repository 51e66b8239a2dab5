"""Rules for the repository as a whole: its folders, their imports, and the claims of its pages."""

import ast
import math
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
LESSONS = ["churn", *PIPELINES, "together"]
READ_IN_ORDER = [*LESSONS, "notebooks"]
LINES_A_MINUTE = 40  # of unfamiliar code, read with attention
HERE = [folder for folder in MAY_IMPORT if any((ROOT / folder).glob("*.py"))]


def project_files() -> list[Path]:
    """Return the files that are in the repository or could be added; without git, all files that make does not make."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    git = shutil.which("git") and subprocess.run(listing, cwd=ROOT, capture_output=True, check=False)
    if git and git.returncode == 0:
        return [ROOT / name for name in git.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    made = {".venv", "runs", ".git", "__pycache__", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)]


def lesson(folder: str) -> list[Path]:
    """Return the Python files at the top of a folder: all that a reader has to read."""
    return sorted(set((ROOT / folder).glob("*.py")) - {ROOT / folder / "__init__.py"})


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


@pytest.mark.parametrize("folder", READ_IN_ORDER)
def test_the_top_of_a_folder_is_a_lesson_of_at_most_twelve_files(folder: str) -> None:
    assert len(lesson(folder)) <= 12


@pytest.mark.parametrize("folder", READ_IN_ORDER)
def test_a_readme_begins_with_what_to_read_and_how_long_it_takes(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    first_section = text.split("\n## ")[1]
    found = re.match(
        r"Read these, in this order\n\n(\d+) lines, about (\d+) minutes:\n\n((?:\d+\. .+\n)+)", first_section
    )
    assert found
    links = re.findall(r"^\d+\. \[(.+)\]\((.+?)\): \S", found[3], re.MULTILINE)
    linked = [target for shown, target in links if shown.replace("\\", "") == target]  # \_\_main\_\_.py, or it is bold
    assert sorted(linked) == sorted(file.name for file in lesson(folder))
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in lesson(folder))
    assert (int(found[1]), int(found[2])) == (lines, math.ceil(lines / LINES_A_MINUTE))


@pytest.mark.parametrize("folder", LESSONS)
def test_pipeline_py_only_wires_the_stages(folder: str) -> None:
    text = (ROOT / folder / "pipeline.py").read_text(encoding="utf-8")
    assert not any(isinstance(node, ast.Try) for node in ast.walk(ast.parse(text)))
    assert not re.search(r"\b(Report|report_on|write_report)\b", text)


@pytest.mark.parametrize("folder", HERE)
def test_no_folder_takes_the_name_of_a_library(folder: str) -> None:
    names = {path.name for path in (ROOT / folder).rglob("*") if path.is_dir()}
    assert not names & {"dagster", "airflow", "mlflow", "operator"}


@pytest.mark.parametrize("folder", [folder for folder in HERE if (ROOT / "tests" / folder).is_dir()])
def test_tests_mirror_the_folders_that_they_test(folder: str) -> None:
    tests = ROOT / "tests" / folder
    tested = {file.parent.relative_to(tests) for file in tests.rglob("test_*.py")}
    assert [str(room) for room in tested if not (ROOT / folder / room).is_dir()] == []


def test_no_file_holds_the_address_of_a_package_index() -> None:
    address = re.compile(
        rb"--(extra-)?index-url\b"  # pip, uv
        rb"|\b(index-url|index|registry) ?= ?['\"]?https?://"  # their files of settings, and npm's
        rb"|https?://[^\s'\"]+/(simple|dists)\b"  # Python's and Debian's layouts
        rb"|^deb (\[.+\] )?https?://",
        re.MULTILINE,
    )
    assert [str(path.relative_to(ROOT)) for path in project_files() if address.search(path.read_bytes())] == []


def test_no_lock_holds_an_address() -> None:
    locks = [*(ROOT / "requirements").iterdir(), *(ROOT / "workflow_pipeline" / "locks").glob("*.txt")]
    assert [str(lock.relative_to(ROOT)) for lock in locks if "://" in lock.read_text(encoding="utf-8")] == []


def test_no_file_holds_a_secret() -> None:
    secret = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}")
    assert [str(path.relative_to(ROOT)) for path in project_files() if secret.search(path.read_bytes())] == []
