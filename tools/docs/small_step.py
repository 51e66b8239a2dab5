"""Replace `<!-- small step: train -->` in a page by four diffs: from the notebook's cell to each pipeline's stage.

Every line comes from the real files, at each build of the site.
"""

import ast
import difflib
import re
import textwrap
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
MARKER = re.compile(r"^<!-- small step: (\w+) -->$", re.MULTILINE)
STEPS = {
    "data": "An Airflow task: a scheduler decides when and for which month, and the scores go to the asset's event.",
    "workflow": "A Kubeflow component: typed artifacts instead of paths, and an image in which it runs.",
    "tracking": "An MLflow run: every candidate is recorded, and the best one is registered.",
    "model": "A scikit-learn step: search, calibration and threshold are fitted as one object.",
}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return MARKER.sub(lambda match: as_markdown(match[1]), markdown)


def as_markdown(stage: str) -> str:
    """Return a section with a diff for each pipeline."""
    cell = cell_of(stage)
    sections = []
    for pipeline, sentence in STEPS.items():
        file = f"{pipeline}_pipeline/{stage}.py"
        lines = difflib.unified_diff(cell, function_of(ROOT / file, stage), lineterm="", n=99)
        diff = "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
        title = f'```diff title="{notebook_of(stage).name} → {file}"'
        sections.append(f"## {pipeline.capitalize()} pipeline\n\n{sentence}\n\n{title}\n{diff}\n```\n")
    return "\n".join(sections)


def notebook_of(stage: str) -> Path:
    return next((ROOT / "notebooks").glob(f"[0-9][0-9]_{stage}.py"))


def cell_of(stage: str) -> list[str]:
    """Return the notebook's lines about the stage: the import of its function, and the statement that calls it."""
    source = notebook_of(stage).read_text(encoding="utf-8")
    wanted = []
    for statement in ast.parse(source).body:
        imports = isinstance(statement, ast.ImportFrom) and statement.module == f"churn.{stage}"
        calls = any(isinstance(node, ast.Call) and _name(node.func) == stage for node in ast.walk(statement))
        if imports or calls:
            wanted += [ast.get_source_segment(source, statement) or "", ""]
    return "\n".join(wanted).rstrip().splitlines()


def function_of(file: Path, stage: str) -> list[str]:
    """Return the lines of the stage's function, with its decorators and without its docstring."""
    source = file.read_text(encoding="utf-8")
    found = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == stage)
    begin = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    lines = source.splitlines()
    docstring = found.body[0] if ast.get_docstring(found) else None
    left_out = range(docstring.lineno, (docstring.end_lineno or 0) + 1) if docstring else range(0)
    kept = [lines[number - 1] for number in range(begin, (found.end_lineno or 0) + 1) if number not in left_out]
    return textwrap.dedent("\n".join(kept)).splitlines()


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""
