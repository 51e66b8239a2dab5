"""`diff` is the lesson: each pipeline calls the plain function in the same line, and a diff shows what it adds."""

import ast
from pathlib import Path

import pytest

from tests.same_answer import PIPELINES, stage_table

ROOT = Path(__file__).parents[1]
SAME_LINE = {
    "collect": "plain.collect(source, lake, month)",
    "validate": "plain.validate(lake, month)",
    "process": "plain.process(lake, month)",
    "build": "plain.build(lake, month)",
    "train": "plain.train(lake, month)",
    "deploy": "plain.deploy(lake, month)",
}
DAGSTER = "data_pipeline/in_dagster/assets.py"


def plain_calls(file: Path, stage: str) -> list[str]:
    """Return every call of the plain function of a stage in a file, as it is written there."""
    text = file.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    named = [call for call in calls if ast.unparse(call.func) == f"plain.{stage}"]
    return [ast.get_source_segment(text, call) or "" for call in named]


def plain_imports(file: Path) -> list[str]:
    """Return every import of something in `churn` under the name `plain`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    return [line for line in imports if line.endswith(" as plain")]


def stage_imports(file: Path) -> set[str]:
    """Return the stages of `churn` that a file imports from, whatever it calls them."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return {module for module in imported if module in {f"churn.{stage}" for stage in SAME_LINE}}


def test_every_stage_has_its_line() -> None:
    assert list(SAME_LINE) == list(stage_table())


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("stage", SAME_LINE)
def test_each_pipeline_calls_the_plain_function_in_the_same_line(pipeline: str, stage: str) -> None:
    file = ROOT / pipeline / f"{stage}.py"
    assert plain_calls(file, stage) == [SAME_LINE[stage]]
    assert plain_imports(file) == [f"from churn import {stage} as plain"]
    assert stage_imports(file) == set(), f"what {stage}.py needs of a stage of churn/ it reaches through `plain.`"


@pytest.mark.parametrize("stage", SAME_LINE)
def test_dagster_calls_it_in_the_same_line_too(stage: str) -> None:
    assert plain_calls(ROOT / DAGSTER, stage) == [SAME_LINE[stage]]
    assert f"from churn import {stage} as plain" in plain_imports(ROOT / DAGSTER)


@pytest.mark.parametrize("stage", SAME_LINE)
def test_the_plain_function_has_the_arguments_of_that_line(stage: str) -> None:
    tree = ast.parse((ROOT / "churn" / f"{stage}.py").read_text(encoding="utf-8"))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == stage)
    arguments = ", ".join(argument.arg for argument in function.args.args)
    assert f"plain.{stage}({arguments})" == SAME_LINE[stage]
