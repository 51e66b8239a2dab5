"""Each refusal has its own bad notebook, tests/notebooks/bad/*.py, whose title cell has the sentence."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.conftest import HERE, Checked, run_check

pytestmark = pytest.mark.slow

BAD = sorted((HERE / "bad").glob("*.py"))
BY_THE_WALL = {"reads_computed_path", "needs_network_quietly"}  # only Linux has one
SENTENCE = re.compile(r"(?P<name>\w+)\.(?:py|ipynb)(?:, cell (?P<cell>\d+) \((?:line \d+|“.*”)\))? \w+:? .+: .+\.$")


def sentences(printed: str) -> dict[str, list[str]]:
    """Return the refusals by the name of the notebook."""
    found: dict[str, list[str]] = {}
    for line in printed.splitlines():
        if match := SENTENCE.search(line):
            found.setdefault(match["name"], []).append(line)
    return found


def expected(notebook: Path) -> str:
    found = re.search(r"^# Refused: (.+)$", notebook.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{notebook.name} does not say what is refused"
    return found[1]


@pytest.fixture(scope="session")
def refused(tmp_path_factory: pytest.TempPathFactory, caches: Path) -> dict[str, list[str]]:
    """The sentences about all bad notebooks, checked in one go, in a copy of their folder."""
    folder = shutil.copytree(HERE / "bad", tmp_path_factory.mktemp("theirs") / "bad")
    done = run_check([folder, f"--runs={caches}"])
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert {path.name for path in folder.iterdir()} == {path.name for path in (HERE / "bad").iterdir()}
    return sentences(done.stdout)


@pytest.mark.parametrize("notebook", BAD, ids=lambda path: path.stem)
def test_a_bad_notebook_is_refused_in_one_sentence(refused: dict[str, list[str]], notebook: Path) -> None:
    if notebook.stem in BY_THE_WALL and sys.platform != "linux":
        pytest.skip("this system has no wall around a process")
    (sentence,) = refused[notebook.stem]
    assert expected(notebook) in sentence


def test_a_refusal_names_the_cell(refused: dict[str, list[str]]) -> None:
    without = {name for name, lines in refused.items() for line in lines if ", cell " not in line}
    assert without == {"declares_nothing", "declares_no_outputs"}


@pytest.mark.thorough
def test_notebooks_that_keep_the_rules_pass(checked: Checked, person: Path) -> None:
    done = checked(person)
    assert (done.returncode, sentences(done.stdout)) == (0, {})
    assert "2 notebooks checked by source and in a sandbox: nothing to refuse" in done.stdout
    assert not (person / "results").exists(), "the check wrote into the person's folder"


# Notebooks of Jupyter, and files that are no notebook


def ipynb(*cells: dict[str, Any], **metadata: Any) -> str:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


def code(source: str, count: int | None = None, outputs: list[Any] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code", "source": source, "metadata": {}, "execution_count": count, "outputs": outputs or [],
    }  # fmt: skip


DECLARED = code('INPUTS = {"customers": "data/customers.csv"}\nOUTPUTS = {"rows": "rows.txt"}')
COPIED = code('text = open(INPUTS["customers"]).read()\nopen(OUTPUTS["rows"], "w").write(text)')
PRINTED = [{"output_type": "stream", "name": "stdout", "text": "60 rows"}]
KEY = "AKIA" + "ABCDEFGHIJKLMNOP"  # in two parts, so that no file of this repository holds what looks like a secret


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ipynb(DECLARED, COPIED, code("print(60)", 3, PRINTED)), "cell 3 (“print(60)”) holds outputs: clear them"),
        (ipynb(DECLARED, code("rows = 1", 4), code("rows", 2)), "cell 3 (“rows”) was run as [2], before cell 2"),
        (ipynb(DECLARED, code(f"key = '{KEY}'")), "cell 2 (“key = 'AKIA…'”) holds an access key of AWS"),
        (ipynb(DECLARED, code("x = 1", 1, [{**PRINTED[0], "text": KEY}])), "cell 2 (“x = 1”) printed an access key"),
        (ipynb(DECLARED, code("ggplot(x)"), kernelspec={"language": "R", "name": "ir"}), "it.ipynb is in R: only"),
        (ipynb(), "it.ipynb has no code: a notebook without code"),
        (ipynb(code("  \n")), "it.ipynb has no code"),
        ("{", "it.ipynb is not valid JSON (Expecting property name"),
        ("", "it.ipynb is not valid JSON (Expecting value"),
        ("[1]", "it.ipynb is JSON, but no notebook: it has no list of cells"),
        ('{"cells": [{"cell_type": "code"}], "nbformat": 4}', "it.ipynb is no valid notebook ("),
        ("<<<<<<< HEAD\n{}", "it.ipynb is not valid JSON"),
    ],
)  # fmt: skip
def test_a_notebook_of_jupyter_is_refused_in_a_sentence(
    checked: Checked, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "it.ipynb").write_text(text, encoding="utf-8")
    done = checked(tmp_path, "--source-only")
    shown = done.stdout.replace(KEY, "AKIA…")
    assert (done.returncode, done.stderr) == (1, "")
    assert sentence in shown


def test_a_notebook_of_jupyter_without_metadata_is_run(checked: Checked, person: Path) -> None:
    for path in person.glob("*.py"):
        path.unlink()
    (person / "copy.ipynb").write_text(ipynb(DECLARED, COPIED), encoding="utf-8-sig")
    done = checked(person)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_notebook_is_found_in_a_folder_of_folders_and_checkpoints_are_not(checked: Checked, tmp_path: Path) -> None:
    for folder in ("a/b", "a/.ipynb_checkpoints", ".venv/lib"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "it.ipynb").write_text(ipynb(COPIED), encoding="utf-8")
    (tmp_path / "a" / "module.py").write_text("x = 1\n", encoding="utf-8")
    done = checked(tmp_path, "--source-only")
    assert done.stdout.count("declares no INPUTS and no OUTPUTS") == 1
    assert "1 notebook checked" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no/such/folder"], "error: DIR=no/such/folder does not exist: name a folder of notebooks"),
        (["docs/assets"], "error: DIR=docs/assets holds no notebook"),
        (["notebooks", "--kernel=/no/python"], "error: KERNEL=/no/python is no Python that can be run"),
        (["notebooks", "--month=May"], "error: "),
    ],
)
def test_a_wrong_setting_is_one_sentence(checked: Checked, words: list[str], sentence: str) -> None:
    done = checked(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


# STAGES.md


@pytest.mark.thorough
def test_a_notebook_differs_from_its_row_of_the_stages(checked: Checked, person: Path) -> None:
    (person / "with_pandas.py").unlink()
    row = "| stage | inputs | outputs |\n|---|---|---|\n| `by_plan` | {} | `by_plan` |\n"
    page = person / "STAGES.md"
    page.write_text(row.format("`customers`"), encoding="utf-8")
    assert checked(person).returncode == 0
    page.write_text(row.format("`customers` `prices`"), encoding="utf-8")
    done = checked(person)
    assert "declares INPUTS customers, but the row `by_plan` in STAGES.md has customers, prices: make" in done.stdout
    (person / "by_plan.py").rename(person / "07_plans.py")
    assert "07_plans.py has no row `plans` in STAGES.md: add the stage" in checked(person).stdout
