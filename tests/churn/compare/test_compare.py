"""Reports side by side: the words in the terminal, and the page, made of real reports."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn.__main__ import solve
from churn.compare import plots
from churn.compare.__main__ import main
from churn.compare.runs import EXPECTED, Run
from churn.harness.command import OperatorData
from churn.harness.page import STYLE
from churn.harness.report import STAGES, Stage, read_report, write_report
from churn.harness.terminal import COLOURS
from tests.churn.small_world import MONTHS, WORLD

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BEST = {"roc_auc": 0.75, "campaign_value_eur": 1234.0}
VOID = {"meta"}
Compare = Callable[..., tuple[int | str, str, str]]


@pytest.fixture(scope="module")
def plain(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one run") / "plain"
    solve(OperatorData(operator / "source", MONTHS, WORLD.seed), folder)
    shutil.rmtree(folder / "lake")
    return folder


@pytest.fixture
def runs(plain: Path, tmp_path: Path) -> Path:
    """Six reports that agree: the workflow in containers, Airflow in processes, and two that found another model."""
    folder = tmp_path / "runs"
    shutil.copytree(plain, folder / "plain")
    for name in ("workflow", "data", "data-dagster", "model", "tracking"):
        add(folder, name)
    add(folder, "workflow", isolation="container")
    add(folder, "data", isolation="process")
    for name in ("model", "tracking"):
        add(folder, name, best=read_report(plain / "report.json").baseline | BEST)
    return folder


def add(
    runs: Path, name: str, predictions: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame, **changes: Any
) -> None:
    """The report of `name`: as it is, or else as plain's, with these changes."""
    there = runs / name / "report.json"
    report = read_report(there if there.is_file() else runs / "plain" / "report.json")
    changed = replace(report, pipeline=name, **changes)
    write_report(runs / name, changed, predictions(pl.read_parquet(runs / "plain" / "predictions.parquet")))
    if name != "plain":
        shutil.copyfile(runs / "plain" / "model.skops", runs / name / "model.skops")


@pytest.fixture
def compare(runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Runs the command; returns its exit code, what it printed with single spaces, and its errors."""

    def compare(*words: str) -> tuple[int | str, str, str]:
        monkeypatch.setattr("sys.argv", ["compare", "--runs", str(runs), *words])
        code: Any = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return code, " ".join(printed.out.split()), printed.err

    return compare


@pytest.mark.slow
def test_six_that_agree(compare: Compare) -> None:
    code, said, _ = compare()
    assert code == 0
    assert "answer Workflow, data, data-dagster, model and tracking give each of" in said
    assert "data The same for all 6: 2025-" in said
    assert "Workflow ran in containers. Data ran in processes of its engine. Plain, data-dagster, model and" in said
    assert "The model and tracking pipelines also search for a better model." in said
    assert "Model found one with ROC-AUC 0.750, worth 1,234 €" in said
    assert "a model that knew the true probabilities would reach 0." in said
    assert "not run" not in said
    assert "luck" not in said


def test_one_that_searched_alone_is_named_once(compare: Compare, runs: Path) -> None:
    add(runs, "tracking", best=None)
    assert "The model pipeline also searches for a better model. It found one with ROC-AUC 0.750, worth" in compare()[1]


def test_what_is_above_the_ceiling_is_called_luck(compare: Compare, runs: Path) -> None:
    plain = read_report(runs / "plain" / "report.json")
    ceiling = plain.ceiling_roc_auc
    assert ceiling
    add(runs, "model", best=plain.baseline | BEST | {"roc_auc": ceiling + 0.01})
    assert f"more than {ceiling:.3f} is luck" in compare()[1].lower()


def test_a_difference_is_not_hidden(compare: Compare, runs: Path) -> None:
    add(runs, "data", lambda frame: frame.with_columns(pl.col("churn_probability") + 3e-5))
    add(runs, "tracking", lambda frame: frame[1:])
    code, said, _ = compare()
    assert code == "error: not the same answer: data, tracking"  # printed, and exit code 1
    assert re.search(r"● data \S+ \S+ process differs by 3e-05", said)
    assert re.search(r"● tracking \S+ \S+ none other customers", said)
    assert "Workflow, data-dagster and model give each" in said
    assert "NOT the same: data differs by 3e-05 from plain. NOT the same: tracking scored other customers" in said
    assert '<span class="bad">differs by 3e-05</span>' in (runs / "compare.html").read_text(encoding="utf-8")


def test_a_report_of_another_month_or_world_is_not_compared(compare: Compare, runs: Path) -> None:
    add(runs, "data", month="2024-01")
    add(runs, "model", data_fingerprint="0" * 64, seed=99, customers=12)
    _, said, _ = compare()
    assert len(re.findall(r"● (?:data|model) \S+ \S+ \S+ other data", said)) == 2
    assert "data The same for 4 of 6: " in said
    assert "Model last ran on other data" in said
    assert "seed 99, 12 customers), so we do not compare it" in said
    page = (runs / "compare.html").read_text(encoding="utf-8")
    labels = re.findall('aria-label="([^"]+)"', page)
    assert len(labels) == 3
    assert all("plain " in label and "model " not in label for label in labels)


def test_what_was_not_run_is_listed_with_its_command(compare: Compare, runs: Path) -> None:
    for name in ("workflow", "data-dagster"):
        shutil.rmtree(runs / name)
    code, said, _ = compare()
    assert code == 0
    assert "not run Workflow and data-dagster." in said
    assert "make demo-workflow" in said
    assert "make demo-dagster" in said
    assert "data The same for all 4: " in said


def test_the_earlier_report_of_one_that_failed_is_left_out(compare: Compare) -> None:
    code, said, errors = compare("--failed", "demo-workflow demo-dagster")
    assert code == 2
    assert "failed Workflow and data-dagster." in said
    assert "Data, model and tracking give each" in said
    assert errors == "error: not every pipeline has run; to see why: make demo-workflow, make demo-dagster\n"


def test_without_the_plain_answer_the_first_is_compared_with(compare: Compare, runs: Path) -> None:
    shutil.rmtree(runs / "plain")
    _, said, _ = compare()
    assert "answers are compared with workflow" in said
    assert "Data, data-dagster, model and tracking give each" in said


def test_one_alone_has_nothing_to_be_compared_with(compare: Compare, runs: Path) -> None:
    for name in ("workflow", "data", "data-dagster", "model", "tracking"):
        shutil.rmtree(runs / name)
    _, said, _ = compare()
    assert "Only plain has run on this data: there is nothing to compare it with." in said
    assert "There is nothing to compare yet." in (runs / "compare.html").read_text(encoding="utf-8")


def test_without_docker_it_says_what_ran_instead(compare: Compare, runs: Path) -> None:
    add(runs, "workflow", isolation="none")
    _, said, _ = compare()
    assert "Workflow ran without a Docker engine: its steps were processes, isolated from nothing." in said
    assert "a serving image" not in said
    assert "Data ran in processes of its engine. Plain, data-dagster, model and tracking ran in one process." in said


def test_seconds_from_a_cache_are_not_held_against_the_others(compare: Compare, runs: Path) -> None:
    add(runs, "workflow", stages=[Stage(name, 0.01, "cached") for name in STAGES])
    add(runs, "data", stages=[Stage(name, 100.0, "ok") for name in STAGES])
    add(runs, "model", stages=[Stage(name, 0.5, "ok") for name in STAGES])
    for name in ("plain", "data-dagster", "tracking"):
        add(runs, name, stages=[Stage(name, 1.0, "ok") for name in STAGES])
    _, said, _ = compare()
    assert "The six stages took 3.0 s in model and 600.0 s in data, 200 times as long" in said
    assert "Not counted, with stages from a cache: workflow." in said


class Page(HTMLParser):
    """Collects what the tests ask about, and raises when an element is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if "style" not in self.open else ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(compare: Compare, runs: Path) -> Page:
    compare()
    return Page((runs / "compare.html").read_text(encoding="utf-8"))


def test_the_page_fetches_nothing(page: Page, runs: Path) -> None:
    text = (runs / "compare.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|//\w|url\((?!#)|@import|<script|<link|<img|src=", text)


def test_every_link_of_the_page_leads_to_a_file_beside_it(page: Page, runs: Path) -> None:
    links = [str(link["href"]) for link in page.all("a")]
    assert {f"{name}/report.json" for name in EXPECTED} <= set(links)
    assert "model/model.skops" in links
    assert all((runs / link).is_file() for link in links)


def test_the_page_can_be_heard(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en"
    assert [tag for tag, _ in page.elements if tag in ("h1", "h2", "h3")] == ["h1"] + ["h2"] * 6
    seconds, roc_auc, euros = (str(svg["aria-label"]) for svg in page.all("svg") if svg["role"] == "img")
    assert re.match(r"Seconds: plain [0-9.]+ s; workflow [0-9.]+ s; ", seconds)
    assert re.search(r"; model 0.750, baseline 0.\d+; .*; true probabilities 0.\d+$", roc_auc)
    assert "; model 1,234 euros, baseline " in euros


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_page_fits_the_window_and_everybody_can_read_it(
    compare: Compare, runs: Path, browser: "Browser", scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    from tests.browser import Visit

    compare()
    visit = Visit(browser, runs.as_uri(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    visit.open("compare.html")
    assert visit.errors == visit.asked_elsewhere == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(visit.page).response["violations"] == []
    visit.context.close()


def test_each_pipeline_has_its_colour_on_the_page(page: Page) -> None:
    styles = [attributes["style"] for _, attributes in page.elements if attributes.get("style")]
    for name, colour in COLOURS.items():
        assert (f"--c:{colour}" in styles) == (name in EXPECTED)


def test_bars_are_as_long_as_the_seconds(plain: Path) -> None:
    report = read_report(plain / "report.json")
    seconds = [2.0 * number for number in range(1, 7)]
    stages = [Stage(name, each, "ok") for name, each in zip(STAGES, seconds, strict=True)]
    drawn = plots.seconds_by_stage([Run("data", replace(report, stages=stages), "reference")])
    (axes,) = drawn.figure.axes
    bars = [bar.get_extents().transformed(axes.transData.inverted()) for bar in axes.patches]
    assert [bar.width for bar in bars] == pytest.approx(seconds)
    assert bars[-1].x1 == pytest.approx(sum(seconds))
    assert axes.get_xlim()[1] > sum(seconds)


def test_a_campaign_that_loses_money_is_drawn_within_the_plot(compare: Compare, runs: Path, plain: Path) -> None:
    report = read_report(plain / "report.json")
    worse = replace(report, best=report.baseline | {"campaign_value_eur": -500.0})
    (axes,) = plots.euros([Run("model", worse, "reference")]).figure.axes
    assert axes.get_xlim()[0] < -500.0
    add(runs, "model", best=worse.best)
    assert "worth -500 €: its value is below the baseline's" in compare()[1]


def test_a_world_without_truth_has_no_ceiling(compare: Compare, runs: Path) -> None:
    for name in ("plain", "workflow", "data", "data-dagster", "model", "tracking"):
        add(runs, name, ceiling_roc_auc=None, seed=None)
    _, said, _ = compare()
    assert "true probabilities" not in said
    assert "seed" not in said
    assert "true probabilities" not in (runs / "compare.html").read_text(encoding="utf-8")


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    full = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = (int(full[start : start + 2], 16) / 255 for start in (0, 2, 4))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_paper(scheme: str) -> None:
    """By WCAG's formula: 4.5 is what level AA asks of text of this size."""
    blocks = re.findall(r":root \{([^}]*)\}", STYLE.read_text(encoding="utf-8"))
    colours = dict(re.findall(r"--(\w+): (#\w+)", blocks[0 if scheme == "light" else 1]))
    for words in ("ink", "soft", "link", "bad"):
        for ground in ("paper", "card"):
            brighter, darker = sorted((luminance(colours[words]), luminance(colours[ground])), reverse=True)
            assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (words, ground)


def test_a_forged_report_is_one_sentence(compare: Compare, runs: Path) -> None:
    add(runs, "data", best={"roc_auc": 0.75})
    code, _, errors = compare()
    assert code == 2
    assert re.fullmatch(
        r"error: .+/data/report.json is not a run report \(\$.best: .+\): run the pipeline again\n", errors
    )


def test_names_of_a_report_are_shown_as_they_are(compare: Compare, runs: Path) -> None:
    add(runs, "data", engine={"name": "[red]air</td>flow", "version": "[/]<script>"})
    code, said, _ = compare()
    assert code == 0
    assert "[red]air</td>flow [/]<script>" in said
    assert "<script>" not in (runs / "compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "forge",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"PAR1"),
        lambda file: pl.DataFrame({"customer_id": [1]}).write_parquet(file),
        lambda file: pl.DataFrame({"customer_id": ["1"], "churn_probability": [0.5]}).write_parquet(file),
    ],
    ids=["missing", "damaged", "a column less", "another type"],
)
def test_predictions_that_are_none_are_one_sentence(
    compare: Compare, runs: Path, forge: Callable[[Path], object]
) -> None:
    forge(runs / "model" / "predictions.parquet")
    code, _, errors = compare()
    assert code == 2
    assert re.fullmatch(
        r"error: .+/predictions.parquet has no predictions \(.+\): make demo-model writes them again\n", errors
    )


def test_a_report_is_never_changed(compare: Compare, runs: Path) -> None:
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    compare()
    after = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    assert after.keys() - before.keys() == {runs / "compare.html"}
    assert before.items() <= after.items()
