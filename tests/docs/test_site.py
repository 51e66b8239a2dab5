"""Test the site without a browser: it builds, its links work, and it copies nothing."""

import re
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from churn.harness.terminal import COLOURS
from tests.docs.conftest import ROOT
from tools.docs.contrast_table import as_markdown

DOCS = ROOT / "docs"
INCLUDED = {
    "workflow": "workflow_pipeline/README.md",
    "data": "data_pipeline/README.md",
    "model": "model_pipeline/README.md",
    "tracking": "tracking_pipeline/README.md",
    "together": "together/README.md",
    "notebooks": "notebooks/README.md",
    "notebooks-before": "notebooks/before/README.md",
    "workshop": "workshop/README.md",
    "stages": "STAGES.md",
}
LARGEST_PICTURE = 300_000  # bytes


class Links(HTMLParser):
    """Collect the link targets, loaded files and anchors of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attributes if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.targets.append(values["href"])
        if tag in ("img", "script", "link", "iframe", "source"):
            self.loaded += [values[name] for name in ("src", "href") if name in values]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Links]:
    """Return every page by its path, except 404.html, whose links start at the root of a server."""
    found = (path for path in site.rglob("*.html") if path.name != "404.html")
    return {path.relative_to(site).as_posix(): Links(path) for path in found}


@pytest.mark.slow
def test_the_site_builds_without_a_warning(built: "subprocess.CompletedProcess[str]") -> None:
    assert (built.returncode, "WARNING" in built.stderr) == (0, False), built.stderr


@pytest.mark.slow
def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[str, Links]) -> None:
    broken = []
    for name, page in pages.items():
        for target in page.targets + page.loaded:
            if re.match("[a-z]+:|//", target):
                continue
            there = urlsplit(urljoin(f"http://site/{name}", target))
            path = unquote(there.path).lstrip("/")
            path = f"{path}index.html" if path == "" or path.endswith("/") else path
            anchors = pages[path].anchors if path in pages else set()
            if not (site / path).is_file() or (there.fragment and unquote(there.fragment) not in anchors):
                broken.append((name, target))
    assert broken == []
    assert sum(len(page.targets) for page in pages.values()) > 500  # links were found at all


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Links]) -> None:
    elsewhere = {target for page in pages.values() for target in page.loaded if re.match("(https?:)?//", target)}
    assert elsewhere == set()


@pytest.mark.slow
@pytest.mark.parametrize(("page", "readme"), INCLUDED.items())
def test_a_page_includes_its_readme_and_copies_nothing_of_it(page: str, readme: str, site: Path) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert f"<!-- include: {readme} -->" in text
    lines = [line for line in (ROOT / readme).read_text(encoding="utf-8").splitlines() if len(line) > 40]
    assert [line for line in lines if line in text] == []
    title = re.search(r"^# (.+)$", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE)
    assert title
    assert title[1].partition(":")[0] in (site / page / "index.html").read_text(encoding="utf-8")


def test_the_stages_are_compared_by_their_real_files() -> None:
    text = (DOCS / "compare.md").read_text(encoding="utf-8")
    snippets = re.findall(r'^    --8<-- "([^"]+)"$', text, re.MULTILINE)
    folders = ("churn", "workflow_pipeline", "data_pipeline", "model_pipeline", "tracking_pipeline")
    stages = ("collect", "validate", "process", "build", "train", "deploy")
    assert snippets == [f"{folder}/{stage}.py" for stage in stages for folder in folders]
    assert not re.search(r"^    (import|from|def) ", text, re.MULTILINE)


def test_the_pictures_of_the_engines_are_there_and_light() -> None:
    pictures = {path.name: path.stat().st_size for path in (DOCS / "assets" / "screens").glob("*.png")}
    assert {name.partition("-")[0] for name in pictures} == {"airflow", "dagster", "mlflow"}
    assert {name: size for name, size in pictures.items() if size > LARGEST_PICTURE} == {}
    shown = {
        name for page in DOCS.glob("*.md") for name in re.findall(r"screens/([\w-]+\.png)", page.read_text("utf-8"))
    }
    assert shown == set(pictures)


def test_the_colours_are_those_of_the_terminal() -> None:
    style = (DOCS / "assets" / "site.css").read_text(encoding="utf-8")
    declared = dict(re.findall(r"^  --([a-z]+): (#[0-9a-f]{6});$", style, re.MULTILINE))
    expected = {name.replace("data-", ""): colour.lower() for name, colour in COLOURS.items()}
    assert {name: declared.get(name) for name in expected} == expected


def test_what_draws_the_diagrams_has_its_licence_beside_it() -> None:
    folder = DOCS / "assets" / "mermaid"
    assert "MIT" in (folder / "LICENSE").read_text(encoding="utf-8")
    named = re.search(r"Mermaid ([\d.]+) ", (folder / "NOTICE").read_text(encoding="utf-8"))
    assert named
    assert f'version:"{named[1]}"' in (folder / "mermaid.min.js").read_text(encoding="utf-8")


def cell(verdict: str, by: str | None) -> dict[str, object]:
    measure = {"name": "bad rows let through", "value": 1204, "unit": "rows"}
    return {"verdict": verdict, "by": by, "measure": measure, "sentence": f"seen: a | b, {verdict}"}


MATRIX = {
    "pipelines": ["plain", "workflow", "data", "model", "tracking"],
    "scenarios": [
        {
            "name": "bad-batch",
            "title": "A bad | batch",
            "story": "A region reports seconds for minutes.",
            "cells": {
                "plain": cell("misses", None),
                "workflow": cell("prevents", "ours"),
                "data": cell("prevents", "tool"),
                "model": cell("detects", "ours"),
                "tracking": cell("records", "tool"),
            },
        }
    ],
    "made_with": {"versions": {"kfp": "2.17.0"}, "customers": 1000, "seed": 7},
    "command": "make contrast",
}


def test_the_contrast_table_says_what_the_matrix_says() -> None:
    text = as_markdown(MATRIX)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {7}
    verdicts = Counter(re.findall(r'class="verdict (\w+)">:[\w-]+: \1<', text))
    assert verdicts == {"prevents": 4, "misses": 2, "detects": 2, "records": 2}
    assert Counter(re.findall(r'class="by">(\w+)<', text)) == {"tool": 4, "ours": 4}
    assert "[A bad &#124; batch](#bad-batch)" in text
    assert "### A bad | batch { #bad-batch }" in text
    assert "bad rows let through: 1,204 rows" in text
    assert "seen: a | b, misses" in text
    assert "`make contrast` (kfp 2.17.0, customers 1000, seed 7)" in text
