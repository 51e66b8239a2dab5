"""`make notebooks`, in a copy of the repository: a change runs again what depends on it, and only that."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from tests.demos import ROOT, Demos, environment_python

SIX = ["collect", "validate", "process", "build", "train", "deploy"]
WORLD = ("--customers=600", "--month=2025-05", "--seed=3")


class Copy:
    """A copy of what the notebooks need, whose files a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("churn", "notebooks", "requirements"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "STAGES.md", folder)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [environment_python("notebooks"), "-m", "notebooks", *(words or WORLD)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=600, check=False)

    def executed(self, *words: str) -> list[str]:
        """Run the notebooks, and return the stages that were executed rather than taken from the last run."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads((self.runs / "report.json").read_text(encoding="utf-8"))
        assert [stage["name"] for stage in report["stages"]] == SIX
        return [stage["name"] for stage in report["stages"] if stage["status"] == "ok"]

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def runs(self) -> Path:
        return self.folder / "runs" / "notebooks"


@pytest.fixture
def fresh(tmp_path: Path) -> Copy:
    """A copy in which nothing has run."""
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    made = Copy(tmp_path_factory.mktemp("a copy [1]"))
    assert made.executed() == SIX
    return made


@pytest.mark.slow
def test_the_executed_copies_are_pages_that_load_nothing_from_elsewhere(demos: Demos) -> None:
    demos.run("notebooks")
    pages = sorted((demos.runs / "notebooks" / "executed").glob("*.html"))
    assert [page.stem[3:] for page in pages] == SIX
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?:https?:)?//[^"']+""", text) == []
        assert re.findall(r"https?://(?:cdn|unpkg|cdnjs)[^ \"']+", text) == []
        assert "data:image/png" in text


@pytest.mark.slow
@pytest.mark.thorough
def test_nothing_runs_when_nothing_has_changed(copy: Copy) -> None:
    assert copy.executed() == []


@pytest.mark.slow
@pytest.mark.thorough
def test_a_change_runs_what_depends_on_it_and_only_that(copy: Copy) -> None:
    copy.edit("notebooks/05_train.py", "# The hold-out month only measures", "# This month only measures")
    assert copy.executed() == ["train"], "the model is the same, to the byte, so nothing downstream runs"
    copy.edit("churn/deploy.py", '"""Model Deployment:', '"""Deployment:')
    assert copy.executed() == ["deploy"]
    shutil.rmtree(copy.runs / "lake" / "training")
    assert copy.executed() == ["build"]
    (copy.runs / "lake" / "labels" / "month=2025-02" / "added.txt").touch()
    assert copy.executed() == ["process"]
    assert copy.executed() == []


@pytest.mark.slow
@pytest.mark.nightly
def test_an_earlier_month_is_not_mixed_with_later_ones(copy: Copy, tmp_path: Path) -> None:
    assert copy.executed("--customers=600", "--month=2025-04", "--seed=3") == SIX
    ours = pl.read_parquet(copy.runs / "predictions.parquet", glob=False)
    runs = tmp_path / "runs"
    command = [environment_python("plain"), "-m", "churn", "--customers=600", "--month=2025-04", "--seed=3"]
    subprocess.run([*command, f"--runs={runs}"], cwd=ROOT, check=True, capture_output=True)
    assert ours.equals(pl.read_parquet(runs / "plain" / "predictions.parquet", glob=False))
    assert copy.executed() == SIX


@pytest.mark.slow
@pytest.mark.thorough
def test_a_notebook_that_fails_is_named_with_its_cell_and_keeps_the_old_output(copy: Copy) -> None:
    before = (copy.runs / "lake" / "predictions" / "month=2025-05" / "predictions.parquet").read_bytes()
    copy.edit("notebooks/06_deploy.py", "predictions = deploy(", "predictions = 1 / 0 * deploy(")
    done = copy.run()
    copy.edit("notebooks/06_deploy.py", "predictions = 1 / 0 * deploy(", "predictions = deploy(")
    assert done.returncode == 2
    assert re.search(r"error: 06_deploy\.py, cell 5 \(line \d+\): ZeroDivisionError: .*06_deploy\.html", done.stderr)
    assert (copy.runs / "lake" / "predictions" / "month=2025-05" / "predictions.parquet").read_bytes() == before


@pytest.mark.slow
@pytest.mark.thorough
def test_a_notebook_that_reads_what_it_has_not_declared_fails(copy: Copy) -> None:
    notebook = copy.folder / "notebooks" / "06_deploy.py"
    before = notebook.read_text(encoding="utf-8")
    copy.edit("notebooks/06_deploy.py", '"features": f"{lake}/features/month={month}"}', "}")
    copy.edit("notebooks/06_deploy.py", '    "features": keys | contract | service | changes | words,\n', "")
    done = copy.run()
    notebook.write_text(before, encoding="utf-8")
    assert done.returncode == 2
    assert "features of 2025-05 is missing in notebooks/lake: run process for 2025-05 first" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["new", "07_by_plan"], 0, "07_by_plan.py"),
        (["new", "05_train"], 2, "is there already: choose a different NAME"),
        (["new", "../x"], 2, "error: NAME=../x is no name for a notebook"),
        (["new", ""], 2, "error: NAME= is no name for a notebook"),
    ],
)
def test_a_new_notebook_begins_with_the_template(fresh: Copy, words: list[str], code: int, sentence: str) -> None:
    done = fresh.run(*words)
    assert (done.returncode, sentence in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.thorough
def test_the_six_and_a_new_one_pass_the_checker(copy: Copy) -> None:
    if not (copy.folder / "notebooks" / "07_by_plan.py").exists():
        copy.run("new", "07_by_plan")
    rows = (copy.folder / "STAGES.md").read_text(encoding="utf-8")
    row = "| `by_plan` | `features` | `by_plan` | – | – |\n| `deploy`"
    (copy.folder / "STAGES.md").write_text(rows.replace("| `deploy`", row), encoding="utf-8")
    done = copy.run("check", "notebooks", *WORLD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 notebooks checked by source and in a sandbox: nothing to refuse" in done.stdout
    (copy.folder / "notebooks" / "07_by_plan.py").unlink()
