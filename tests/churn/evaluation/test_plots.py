"""The findings in the titles of the plots are true."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from churn.evaluation import plots
from churn.evaluation.importance import falls_of_roc_auc
from churn.harness.plots import svg
from churn.value import campaign_value_eur

RNG = np.random.default_rng(0)
TRUTH = RNG.beta(1, 9, 4000)
CHURNED = RNG.random(4000) < TRUTH
CHARGE = RNG.uniform(10, 60, 4000)
MODELS = {"best": TRUTH, "baseline": np.clip(TRUTH + RNG.normal(0, 0.1, 4000), 0.001, 0.999)}


def test_a_column_that_matters_is_found_and_one_that_does_not_is_worth_nothing() -> None:
    rows = pl.DataFrame({"noise": RNG.random(4000), "truth": TRUTH, "same": np.ones(4000)})
    found = falls_of_roc_auc(lambda asked: asked["truth"].to_numpy(), rows, CHURNED, ["noise", "same", "truth"], seed=0)
    assert found["column"].to_list() == ["truth", "noise", "same"]
    assert found["fall"][0] > 0.1
    assert found["fall"][1:].to_list() == [0.0, 0.0]
    assert "relies most on truth" in plots.importance(found, "best").words


@pytest.mark.parametrize("threshold", [0.1, 1.01])
def test_the_profit_plot_says_what_the_campaign_earns(threshold: float) -> None:
    drawn = plots.profit(CHURNED, MODELS, {"best": threshold}, CHARGE)
    earned = campaign_value_eur(CHURNED, threshold <= TRUTH, CHARGE)
    assert f"riskiest {np.mean(threshold <= TRUTH):.0%} earns {earned:,.0f} €;" in drawn.words


def test_the_profit_plot_of_a_campaign_that_never_earns_is_drawn() -> None:
    """In a small world: a warning of matplotlib about its axis would be printed."""
    nobody = np.zeros(50, dtype=bool)
    assert "riskiest 100% earns −200 €" in plots.profit(nobody, {"best": TRUTH[:50]}, {"best": 0.0}, CHARGE[:50]).words


def test_the_gap_plot_names_the_true_probabilities_only_if_they_are_known() -> None:
    known = plots.gap_to_ceiling(CHURNED, {**MODELS, plots.CEILING: TRUTH})
    assert "a model that knew the true probabilities would reach" in known.words
    assert "true probabilities" not in plots.gap_to_ceiling(CHURNED, MODELS).words


def test_the_calibration_plot_compares_the_riskiest_tenth_with_what_happened() -> None:
    drawn = plots.calibration(CHURNED, {"best": np.sqrt(TRUTH)})
    riskiest = np.argsort(TRUTH)[-400:]
    assert f"{np.sqrt(TRUTH)[riskiest].mean():.0%} were expected to churn" in drawn.words
    assert f"{CHURNED[riskiest].mean():.0%} did" in drawn.words


def test_champion_and_challenger_have_different_colours_in_the_ranking() -> None:
    figure, _ = plots.ranking(CHURNED, dict(zip(("challenger", "champion"), MODELS.values(), strict=True)))
    for axes in figure.axes:
        assert {line.get_color() for line in axes.lines} >= {plots.COLOUR["challenger"], plots.COLOUR["champion"]}


@pytest.mark.parametrize("fall", [0.0007, 0.113, 0.02, 0.45])
def test_figures_below_the_importance_plot_do_not_overlap_beside_long_names(fall: float) -> None:
    falls = pl.DataFrame(
        {"column": ["political affiliation when appointed", "b"], "fall": [fall, 0.0], "spread": [0, 0]}
    )
    figure, _ = plots.importance(falls, "best")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].get_xticklabels() if text.get_text()]
    assert len(boxes) > 1
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_no_plot_is_black_on_a_dark_page() -> None:
    falls = pl.DataFrame({"column": ["a", "b"], "fall": [0.1, -0.01], "spread": [0.01, 0.0]})
    drawn = [
        plots.calibration(CHURNED, MODELS),
        plots.profit(CHURNED, MODELS, {"best": 0.1}, CHARGE),
        plots.gap_to_ceiling(CHURNED, MODELS),
        plots.importance(falls, "best"),
    ]
    assert not [plot.words for plot in drawn if "#000000" in svg(*plot)]
