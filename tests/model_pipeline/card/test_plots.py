"""What the pictures say is so."""

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from churn.value import campaign_value_eur
from model_pipeline.card import plots
from model_pipeline.card.evaluate import Holdout, score_table
from model_pipeline.card.page import bullets, code, heading, paragraph, table, to_html, to_markdown

RNG = np.random.default_rng(0)
TRUTH = RNG.beta(1, 9, 4000)
CHURNED = RNG.random(4000) < TRUTH
CHARGE = RNG.uniform(10, 60, 4000)


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


def test_a_column_that_matters_is_found_and_one_that_does_not_is_worth_nothing() -> None:
    rows = pl.DataFrame({"noise": RNG.random(4000), "truth": TRUTH, "same": np.ones(4000)})
    found = plots.permutation_importance(
        lambda asked: asked["truth"].to_numpy(), rows, CHURNED, ["noise", "same", "truth"], seed=0
    )
    assert found["column"].to_list() == ["truth", "noise", "same"]
    assert found["fall"][0] > 0.1
    assert found["fall"][1:].to_list() == [0.0, 0.0]


def test_the_profit_picture_names_what_the_campaign_earns() -> None:
    shown = holdout()
    earned = campaign_value_eur(CHURNED, TRUTH >= 0.1, CHARGE)
    finding = plots.draw_profit(Figure().subplots(), shown)
    assert f"{earned:,.0f} €" in finding
    assert f"riskiest {np.mean(TRUTH >= 0.1):.0%}" in finding


def test_the_gap_picture_measures_from_the_ceiling_only_if_there_is_one() -> None:
    assert "0.000 below who knows every true probability" in plots.draw_gap(Figure().subplots(), holdout())
    assert "against the baseline" in plots.draw_gap(Figure().subplots(), holdout(true_probability=None))


def test_the_calibration_picture_tells_what_was_said_from_what_happened() -> None:
    finding = plots.draw_calibration(Figure().subplots(), holdout(best_probability=np.sqrt(TRUTH)))
    riskiest = np.argsort(TRUTH)[-400:]
    assert f"{np.sqrt(TRUTH)[riskiest].mean():.0%} were expected to leave" in finding
    assert f"{CHURNED[riskiest].mean():.0%} did" in finding


@pytest.mark.parametrize(
    "changes", [{}, {"true_probability": None}, {"monthly_charge": None}, {"best_threshold": 1.01}]
)
def test_any_holdout_can_be_drawn_without_a_warning(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, object]
) -> None:
    importance = pl.DataFrame({"column": ["a", "b"], "fall": [0.1, -0.01], "spread": [0.01, 0.0]})
    paths = plots.draw_all(tmp_path_factory.mktemp("plots"), holdout(**changes), importance)
    assert ("profit" in paths) == (changes.get("monthly_charge", CHARGE) is not None)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths.values())


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
    page = [heading(nasty), paragraph(nasty), bullets([nasty]), code(nasty), table([nasty, "n"], [[nasty, "1"]])]
    html = to_html(nasty, page)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 8
    row = to_markdown(nasty, page).splitlines()[-1]
    assert row.replace("\\|", "").count("|") == 3
