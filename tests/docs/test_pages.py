"""Test the site in a real browser, as readers see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import Visit
from tests.docs.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WRITTEN = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
PAGES = ["" if name == "index" else f"{name}/" for name in WRITTEN]
DIAGRAMS = {
    name: sum((ROOT / file).read_text(encoding="utf-8").count("```mermaid\n") for file in files)
    for name in ("workflow", "data", "model", "tracking")
    if (files := (f"docs/{name}.md", f"{name}_pipeline/README.md"))
}
SERIOUS = {"serious", "critical"}


def complaints(page: Page) -> list[str]:
    """Return the serious accessibility problems that axe finds: rule, place and remedy."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{problem['id']}: {node['target']} {node['failureSummary']}"
        for problem in found
        if problem["impact"] in SERIOUS
        for node in problem["nodes"]
    ]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_at_a_desk_has_no_error_and_asks_nobody_else_and_everybody_can_read_it(visit: Visit, page: str) -> None:
    visit.open(page)
    for number in range(DIAGRAMS.get(page.strip("/"), 0)):
        expect(visit.page.locator(".mermaid svg").nth(number)).to_be_visible(timeout=30_000)
    assert (visit.errors, visit.asked_elsewhere) == ([], [])
    assert complaints(visit.page) == []


@pytest.mark.thorough
@pytest.mark.parametrize("page", PAGES)
def test_a_page_on_a_phone_at_night_does_not_scroll_sideways_and_everybody_can_read_it(
    visit_by_phone: Visit, page: str
) -> None:
    visit_by_phone.open(page)
    assert visit_by_phone.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert (visit_by_phone.errors, visit_by_phone.asked_elsewhere) == ([], [])
    assert complaints(visit_by_phone.page) == []


@pytest.mark.parametrize("page", DIAGRAMS)
def test_diagrams_are_drawn(visit: Visit, page: str) -> None:
    visit.open(f"{page}/")
    drawings = visit.page.locator(".mermaid svg")
    assert DIAGRAMS[page] >= 1
    expect(drawings).to_have_count(DIAGRAMS[page], timeout=30_000)
    for drawing in drawings.all():
        box = drawing.bounding_box()
        assert box
        assert box["width"] > 300
        assert box["height"] > 80
        assert drawing.locator(".node").count() >= 6


def test_the_search_answers_airflow_vs_mlflow(visit: Visit) -> None:
    visit.open("")
    visit.page.locator(".md-search__input").click()
    visit.page.locator(".md-search__input").press_sequentially("airflow vs mlflow")
    first = visit.page.locator(".md-search-result__item").first
    expect(first).to_contain_text("Airflow vs MLflow", timeout=30_000)
    link = first.get_by_role("link").first
    assert "/faq/" in (link.get_attribute("href") or "")


def test_dark_mode_toggles_and_is_remembered(visit: Visit) -> None:
    visit.open("")
    body = visit.page.locator("body")
    expect(body).to_have_attribute("data-md-color-scheme", "default")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = visit.page.evaluate(ground)
    visit.page.locator("label[title='Switch to dark mode']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    assert visit.page.evaluate(ground) != light
    visit.open("faq/")
    expect(body).to_have_attribute("data-md-color-scheme", "slate")


def test_a_tab_chosen_once_is_chosen_in_every_stage(visit: Visit) -> None:
    visit.open("compare/")
    shown = visit.page.locator(".tabbed-block:visible .filename")
    expect(shown).to_have_text([f"churn/{stage}.py" for stage in stages()])
    visit.page.locator(".tabbed-labels label", has_text="Tracking").first.click()
    expect(shown).to_have_text([f"tracking_pipeline/{stage}.py" for stage in stages()])


def test_the_source_in_the_tabs_is_the_source(visit: Visit) -> None:
    visit.open("compare/")
    blocks = visit.page.locator(".tabbed-block .highlight").all()
    assert len(blocks) == 30
    for block in blocks:
        name = (block.locator(".filename").text_content() or "").strip()
        assert (block.locator("code").text_content() or "").strip() == (ROOT / name).read_text(encoding="utf-8").strip()


def stages() -> Iterator[str]:
    yield from ("collect", "validate", "process", "build", "train", "deploy")


def test_every_picture_is_loaded(visit: Visit) -> None:
    for page in ("data/", "tracking/"):
        visit.open(page)
        widths = visit.page.locator("article img").evaluate_all("images => images.map(image => image.naturalWidth)")
        assert widths
        assert min(widths) >= 1000


def test_a_page_without_a_diagram_does_not_load_what_draws_one(site: Path) -> None:
    assert "mermaid.min.js" not in (site / "faq" / "index.html").read_text(encoding="utf-8")
    assert "mermaid.min.js" in (site / "data" / "index.html").read_text(encoding="utf-8")
