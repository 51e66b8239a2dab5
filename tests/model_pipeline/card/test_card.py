"""The card shows what is known about a model, and no text of a table becomes markup."""

import os
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from churn.evaluation.plots import importance
from churn.harness.page import page
from churn.harness.plots import png, svg
from model_pipeline.card.evaluate import Holdout, score_table
from model_pipeline.card.plots import draw_all
from model_pipeline.card.write import HTML, MARKDOWN

RNG = np.random.default_rng(0)
TRUTH = RNG.beta(1, 9, 4000)
CHURNED = RNG.random(4000) < TRUTH
CHARGE = RNG.uniform(10, 60, 4000)
FALLS = pl.DataFrame({"column": ["a", "b"], "fall": [0.1, -0.01], "spread": [0.01, 0.0]})


def holdout(**changes: object) -> Holdout:
    given = {
        "churned": CHURNED,
        "baseline_probability": np.clip(TRUTH + RNG.normal(0, 0.1, 4000), 0.001, 0.999),
        "best_probability": TRUTH,
        "baseline_threshold": 0.1,
        "best_threshold": 0.1,
        "monthly_charge": CHARGE,
        "true_probability": TRUTH,
    }
    return Holdout(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes", [{}, {"true_probability": None}, {"monthly_charge": None}, {"best_threshold": 1.01}]
)
def test_any_holdout_can_be_drawn_without_a_warning(changes: dict[str, object]) -> None:
    drawn = draw_all(holdout(**changes), FALLS)
    assert ("profit" in drawn) == (changes.get("monthly_charge", CHARGE) is not None)
    assert len({svg(*plot) for plot in drawn.values()}) == len(drawn)


def test_the_table_has_a_ceiling_and_money_only_where_they_are_known() -> None:
    header, rows = score_table(holdout())
    assert header == ["", "ROC-AUC", "below ceiling", "average precision", "log loss", "Brier", "campaign €"]
    assert [row[0] for row in rows] == [
        "baseline",
        "best",
        "calling everyone",
        "calling no one",
        "calling a random tenth",
    ]
    assert rows[1][2] == "0.0000"
    header, rows = score_table(holdout(true_probability=None, monthly_charge=None))
    assert header == ["", "ROC-AUC", "average precision", "log loss", "Brier"]
    assert all(len(row) == len(header) for row in rows)


def test_words_from_a_table_cannot_become_markup() -> None:
    nasty = "<script>alert('x')</script> | & more"
    texts = dict.fromkeys(("title", "purpose", "holdout", "search", "threshold", "example", "opening"), nasty)
    table = ([nasty, "n"], [[nasty, "1"]])
    content = {**texts, "scores": table, "trials": table, "data": [nasty], "limits": [nasty]}
    html = page(HTML, **content, plots={}, diagram="")
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 14
    rows = [line for line in page(MARKDOWN, **content, plots={}).splitlines() if line.startswith("| <script>")]
    assert len(rows) == 4
    assert all(row.replace("\\|", "").count("|") == 3 for row in rows)


def test_names_in_plots_are_no_formulas_and_may_be_alike_long_or_in_any_script() -> None:
    names = ["$x^2$", "cost $", "\\$", "客户", "a\x1bb", "a\\x1bb", "long " * 60, "two\nlines", "100", "</svg><script>"]
    falls = pl.DataFrame({"column": names, "fall": np.linspace(0.2, 0.1, len(names)), "spread": 0.01})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot = importance(falls, "best")
        drawn = svg(*plot)
        png(plot.figure, Path(os.devnull))
    for shown in (">$x^2$<", ">cost $<", ">\\$<", ">客户<", ">two lines<", ">100<", "&lt;/svg&gt;&lt;script&gt;"):
        assert shown in drawn
    assert drawn.count(">a\\x1bb<") == 2
    assert "on $x^2$: shuffling" in " ".join(drawn.split())
    assert "\x1b" not in drawn
    assert len(plot.figure.axes[0].patches) == len(names)


def test_control_characters_are_written_out_in_card_and_page() -> None:
    texts = dict.fromkeys(
        ("title", "purpose", "holdout", "search", "threshold", "example", "opening"), "a\x1b]0;b\u202e"
    )
    content = {**texts, "scores": (["x"], []), "trials": (["x"], []), "data": [], "limits": [], "plots": {}}
    for written in (page(HTML, **content, diagram=""), page(MARKDOWN, **content)):
        assert written.count("a\\x1b]0;b\\u202e") >= 7
        assert not set(written) & {"\x1b", "\u202e"}
