"""Pages and plots: text stays text, plots follow the page's colours, and the same data gives the same bytes."""

import re
from pathlib import Path

import matplotlib
import pytest
from jinja2 import UndefinedError
from matplotlib.figure import Figure

from churn.harness.page import page
from churn.harness.plots import STYLE, THEME, in_style, new_figure, svg

TEMPLATE = '{% extends "page.html.jinja" %}{% block content %}<p>{{ words }}</p>{% endblock %}'


@in_style
def drawn() -> Figure:
    figure, (axes,) = new_figure(2.0)
    axes.plot([0, 1], [0, 1], "o-", label="a line")
    axes.legend()
    return figure


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "some.html.jinja"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def test_text_cannot_become_markup(template: Path) -> None:
    nasty = "<script>alert('x')</script> & more"
    written = page(template, title=nasty, words=nasty)
    assert "<script" not in written
    assert written.count("&lt;script&gt;") == 3


def test_a_plot_is_drawn_into_the_page_and_its_description_escaped(template: Path) -> None:
    written = page(template, title="a plot", words=svg(drawn(), 'a "line" < 1'))
    assert '<svg viewBox="0 0 345.6 144" role="img" aria-label="a &#34;line&#34; &lt; 1">' in written
    assert ">a line</text>" in written, "text, not outlines"


def test_a_template_that_asks_for_something_else_is_an_error(template: Path) -> None:
    with pytest.raises(UndefinedError, match="words"):
        page(template, title="no words")


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert svg(drawn(), "alt") == svg(drawn(), "alt")


def test_plots_on_one_page_share_no_ids() -> None:
    first, second = (set(re.findall(r' id="([^"]+)"', svg(drawn(), alt))) for alt in ("first", "second"))
    assert first
    assert not first & second


def test_a_plot_follows_the_colours_of_the_page() -> None:
    written = svg(drawn(), "alt")
    assert not [colour for colour in THEME.values() if colour in written]
    assert "var(--ink)" in written
    assert "#000000" not in written


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = {name: matplotlib.rcParams[name] for name in STYLE}
    drawn()
    assert {name: matplotlib.rcParams[name] for name in STYLE} == before
