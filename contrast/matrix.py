"""Write the table to matrix.json (described by matrix.schema.json), to the README and to the terminal."""

import json
import re
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from churn.harness.terminal import COLOURS, console, styled
from churn.storage.atomic import write_file
from contrast.cell import Scenario
from contrast.code import REPOSITORY
from contrast.pipelines import PIPELINES
from contrast.world import WORLD

HERE = Path(__file__).parent
MATRIX = HERE / "matrix.json"
README = HERE / "README.md"
BEGIN, END = "<!-- matrix: begin -->\n", "<!-- matrix: end -->"

ENGINES = {
    "kfp": "workflow",
    "apache-airflow": "data",
    "scikit-learn": "model",
    "mlflow": "tracking",
}  # lock by package
MARKS = {"prevents": "green", "detects": "cyan", "recovers": "blue", "records": "yellow", "misses": "red"}

Cells = dict[str, dict[str, Any]]  # by scenario, then by pipeline


def read_cells(path: Path) -> Cells:
    """Return the cells of the last run, or none."""
    if not path.is_file():
        return {}
    return {row["name"]: row["cells"] for row in json.loads(path.read_text(encoding="utf-8"))["scenarios"]}


def versions() -> dict[str, str]:
    """Return the versions of the engines, from the locks of the environments."""
    locks = {package: (REPOSITORY / "requirements" / f"{lock}.txt").read_text() for package, lock in ENGINES.items()}
    return {
        package: re.findall(rf"^{package}(?:\[.*\])?==([\w.]+)", text, re.MULTILINE)[0]
        for package, text in locks.items()
    }


def write_matrix(path: Path, scenarios: dict[str, Scenario], cells: Cells) -> dict[str, Any]:
    """Write the whole table, or nothing on an error. Raise KeyError if a cell is missing."""
    matrix = {
        "pipelines": list(PIPELINES),
        "scenarios": [
            {
                "name": name,
                "title": scenario.TITLE,
                "story": " ".join(scenario.STORY.split()),
                "cells": {pipeline: cells[name][pipeline] for pipeline in PIPELINES},
            }
            for name, scenario in scenarios.items()
        ],
        "made_with": {"versions": versions(), "customers": WORLD.customers, "months": WORLD.months, "seed": WORLD.seed},
        "command": "make contrast",
    }
    write_file(path, json.dumps(matrix, indent=1, ensure_ascii=False) + "\n")
    return matrix


def as_markdown(matrix: dict[str, Any]) -> str:
    """Return the README's table, a row per scenario, followed by the observations."""
    head = ["", *matrix["pipelines"]]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [
        f"| **{row['title']}** | {' | '.join(_in_short(cell) for cell in row['cells'].values())} |"
        for row in matrix["scenarios"]
    ]
    for row in matrix["scenarios"]:
        lines += ["", f"**{row['title']}.** {row['story']}", ""]
        lines.extend(f"- *{name}* {_in_short(cell)}. {cell['sentence']}" for name, cell in row["cells"].items())
    return "\n".join(lines) + "\n"


def _in_short(cell: dict[str, Any]) -> str:
    measure = cell["measure"]
    unit = measure["unit"].removesuffix("s") if measure["value"] == 1 else measure["unit"]
    by = f" ({cell['by']})" if cell["by"] else ""
    return f"{cell['verdict']}{by}: {measure['value']:,g} {unit}"


def put_into_readme(readme: Path, matrix: dict[str, Any]) -> None:
    text = readme.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    write_file(readme, f"{head}{BEGIN}{as_markdown(matrix)}{END}{tail}")


def print_matrix(matrix: dict[str, Any]) -> None:
    """Print a word and a figure per cell, in the colours of the pipelines and verdicts."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for pipeline in matrix["pipelines"]:
        table.add_column(pipeline, header_style=f"bold {COLOURS[pipeline]}")
    for row in matrix["scenarios"]:
        measure = next(iter(row["cells"].values()))["measure"]
        figures = [
            styled((cell["verdict"], MARKS[cell["verdict"]]), f"\n{cell['measure']['value']:,g}  {cell['by'] or ''}")
            for cell in row["cells"].values()
        ]
        table.add_row(styled((row["title"], "bold"), f"\n{measure['name']}"), *figures)
    console.print(table)
