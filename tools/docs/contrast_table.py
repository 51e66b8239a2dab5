"""Replace `<!-- contrast matrix -->` in a page by contrast/matrix.json as Markdown.

The result is a table of the verdicts and a section per scenario with the measured values.
"""

import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

MARKER = "<!-- contrast matrix -->"
MATRIX = Path(__file__).parents[2] / "contrast" / "matrix.json"
ICONS = {
    "prevents": ":material-shield-check:",
    "detects": ":material-eye:",
    "recovers": ":material-backup-restore:",
    "records": ":material-pencil:",
    "misses": ":material-close-circle-outline:",
}
NOT_YET = '!!! note "Not run yet"\n\n    There is no `contrast/matrix.json` yet.\n'


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    if MARKER not in markdown:
        return markdown
    matrix = as_markdown(json.loads(MATRIX.read_text(encoding="utf-8"))) if MATRIX.is_file() else NOT_YET
    return markdown.replace(MARKER, matrix)


def as_markdown(matrix: dict[str, Any]) -> str:
    pipelines, scenarios = matrix["pipelines"], matrix["scenarios"]
    header = row("what goes wrong", *(category(name) for name in pipelines)) + row(*["---"] * (len(pipelines) + 1))
    rows = (
        row(f"[{scenario['title']}](#{scenario['name']})", *(verdict(scenario["cells"][name]) for name in pipelines))
        for scenario in scenarios
    )
    origin = f"\nMade by `{matrix['command']}` ({words(matrix['made_with'])}).\n"
    return header + "".join(rows) + origin + "".join(section(scenario, pipelines) for scenario in scenarios)


def row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def section(scenario: dict[str, Any], pipelines: list[str]) -> str:
    boxes = "".join(box(name, scenario["cells"][name]) for name in pipelines)
    return f"\n### {scenario['title']} {{ #{scenario['name']} }}\n\n{scenario['story']}\n\n{boxes}"


def box(name: str, cell: dict[str, Any]) -> str:
    head = f"**{name}** {verdict(cell)} {measured(cell)}"
    return f'<div class="seen {name}" markdown>\n\n{head}\n\n{cell["sentence"]}\n\n</div>\n'


def category(name: str) -> str:
    return f'<span class="category {name}">{name}</span>'


def verdict(cell: dict[str, Any]) -> str:
    """Return icon, word, and the source of the guarantee (tool or ours). The colour only repeats them."""
    name, by = cell["verdict"], cell["by"]
    giver = f' <span class="by">{by}</span>' if by else ""
    return f'<span class="verdict {name}">{ICONS[name]} {name}</span>{giver}'


def measured(cell: dict[str, Any]) -> str:
    measure = cell["measure"]
    return f"· {measure['name']}: {measure['value']:,} {measure['unit']}".rstrip() if measure else ""


def words(made_with: dict[str, Any]) -> str:
    """Return `versions: {kfp: 2.17.0}, customers: 600` as words: kfp 2.17.0, customers 600."""
    return ", ".join(
        words(value) if isinstance(value, dict) else f"{name.replace('_', ' ')} {value}"
        for name, value in made_with.items()
    )
