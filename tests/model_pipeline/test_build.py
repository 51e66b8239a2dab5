"""The operator's model sees the operator's features, and learns its quantiles from training rows alone."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from churn.harness.errors import BadInput
from churn.lake import partition
from churn.tables import CATEGORICAL_FEATURES, FEATURES, NUMERIC_FEATURES
from model_pipeline.build import boosted_trees, build, search, spline_regression, trials
from model_pipeline.model_file.skops_file import load_model, positive_probability
from model_pipeline.validate import MISSING, as_declared
from tests.model_pipeline.conftest import NEWEST, Run


@pytest.mark.slow
def test_the_operators_model_sees_neither_the_month_nor_the_id(finished: Run) -> None:
    model = load_model(finished.folder / "model.skops")
    features = pl.read_parquet(partition(finished.lake, "features", NEWEST) / "*.parquet", hive_partitioning=False)
    expected = positive_probability(model, features)
    assert expected.std() > 0
    elsewhere = features.with_columns(month=pl.lit("1999-01"), customer_id=pl.lit(7))
    assert np.array_equal(positive_probability(model, elsewhere), expected)
    assert np.array_equal(positive_probability(model, features.drop("month", "customer_id")), expected)


def test_both_families_see_the_plain_answers_features() -> None:
    for pipeline in (spline_regression(), boosted_trees(seed=0)):
        assert pipeline["validate"].kw_args == {"numeric": NUMERIC_FEATURES, "categorical": CATEGORICAL_FEATURES}
        seen = [name for _, _, names in pipeline["process"].transformers for name in names]
        assert seen == FEATURES


def test_the_tables_are_those_of_the_plain_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[tuple[Path, str]] = []
    monkeypatch.setattr("churn.build.build", lambda lake, month: built.append((lake, month)))
    build(tmp_path, NEWEST)
    assert built == [(tmp_path, NEWEST)]


def test_a_family_is_told_which_columns_it_has() -> None:
    for pipeline in (spline_regression(["n"], ["w"]), boosted_trees(["n"], ["w"], seed=0)):
        assert list(pipeline.named_steps) == ["validate", "process", "model"]
        assert pipeline["validate"].kw_args == {"numeric": ["n"], "categorical": ["w"]}
        assert [names for _, _, names in pipeline["process"].transformers] == [["n"], ["w"]]


def test_the_families_are_a_regression_that_converges_and_trees_that_hold_out_no_rows_of_their_own() -> None:
    """Early stopping would judge the trees on random rows. The categories are codes already."""
    regression, trees = spline_regression()["model"], boosted_trees(seed=7)["model"]
    assert isinstance(regression, LogisticRegression)
    assert regression.max_iter == 1000
    assert isinstance(trees, HistGradientBoostingClassifier)
    assert (trees.early_stopping, trees.categorical_features) == (False, None)
    assert (trees.max_iter, trees.random_state) == (75, 7)


def searching(seed: int = 0) -> RandomizedSearchCV:
    return search(spline_regression(), boosted_trees(seed=1), 3, seed)


def test_the_search_draws_candidates_from_both_families_within_their_ranges() -> None:
    searched = searching()
    drawn = list(ParameterSampler(searched.param_distributions, 300, random_state=0))
    families = {"LogisticRegression": 0, "HistGradientBoostingClassifier": 0}
    for candidate in drawn:
        clone(searched.estimator).set_params(**candidate)  # raises if it has no such parameter
        families[type(candidate["model"]).__name__] += 1
        transformers = dict((name, kind) for name, kind, _ in candidate["process"].transformers)
        assert (transformers["numbers"] == "passthrough") == hasattr(candidate["model"], "learning_rate")
    assert min(families.values()) > 100
    for name, lowest, highest in (
        ("model__C", 0.1, 10.0),
        ("model__learning_rate", 0.07, 0.2),
        ("model__l2_regularization", 0.5, 30.0),
    ):
        (drawn_from,) = (space[name] for space in searched.param_distributions if name in space)
        assert drawn_from.support() == (lowest, highest)
        values = [candidate[name] for candidate in drawn if name in candidate]
        assert lowest <= min(values) < 1.3 * lowest
        assert highest / 1.3 < max(values) <= highest
    for name, expected in {
        "process__numbers__bend__n_knots": {4, 5, 7},
        "model__max_leaf_nodes": {4, 6, 8},
        "model__min_samples_leaf": {20, 50, 100, 200},
        "model__max_features": {0.3, 0.6, 1.0},
    }.items():
        assert {candidate[name] for candidate in drawn if name in candidate} == expected


def test_candidates_are_ranked_by_log_loss_and_none_may_fail() -> None:
    """The search refits nothing: later, the calibrated winner is fitted on all rows."""
    searched = searching(seed=5)
    assert (searched.scoring, searched.error_score, searched.refit) == ("neg_log_loss", "raise", False)
    assert (searched.n_iter, searched.cv, searched.random_state) == (8, 3, 5)


def test_trials_come_best_first_with_the_parameters_that_were_drawn() -> None:
    regression, trees = LogisticRegression(), HistGradientBoostingClassifier()
    tried = [
        {"process": "splines", "model": regression, "model__C": 0.123456, "process__numbers__bend__n_knots": 4},
        {"process": "codes", "model": trees, "model__max_features": 0.3},
        {"process": "splines", "model": regression, "model__C": 9.0, "process__numbers__bend__n_knots": 7},
    ]
    results = {"mean_test_score": np.array([-0.5, -0.25, -0.25]), "params": tried}
    assert trials(SimpleNamespace(cv_results_=results)) == [
        {"log_loss": 0.25, "model": "HistGradientBoostingClassifier", "parameters": {"max_features": 0.3}},
        {"log_loss": 0.25, "model": "LogisticRegression", "parameters": {"C": 9.0, "n_knots": 7.0}},
        {"log_loss": 0.5, "model": "LogisticRegression", "parameters": {"C": 0.1235, "n_knots": 4.0}},
    ]


def test_trials_of_equal_log_loss_stay_in_the_order_in_which_they_were_drawn() -> None:
    """So many that a sort which is not stable would mix them."""
    tried = [{"model": LogisticRegression(), "model__C": float(number)} for number in range(100)]
    results = {"mean_test_score": np.tile([-0.5, -0.25], 50), "params": tried}
    drawn = [trial["parameters"]["C"] for trial in trials(SimpleNamespace(cv_results_=results))]
    assert drawn == [*range(1, 100, 2), *range(0, 100, 2)]


def test_quantiles_are_learnt_from_the_rows_it_is_fitted_on_and_no_others() -> None:
    young, outcome = pl.DataFrame({"n": np.linspace(0, 1, 60)}), np.tile([True, False], 30)
    pipeline: Pipeline = spline_regression(["n"], []).fit(young, outcome)
    before = pipeline.predict_proba(young)
    pipeline.predict_proba(pl.DataFrame({"n": np.linspace(100, 200, 60)}))
    ranked = pipeline["process"].named_transformers_["numbers"]["rank"].quantiles_
    assert (ranked.min(), ranked.max()) == (0.0, 1.0)
    assert np.array_equal(pipeline.predict_proba(young), before)


def test_numbers_and_categories_come_out_as_declared() -> None:
    table = pl.DataFrame({"n": ["1", None], "w": [None, "a"], "x": [0, 0]})
    typed = as_declared(table, ["n"], ["w"])
    assert typed.to_dict(as_series=False) == {"n": [1.0, None], "w": [MISSING, "a"]}


def test_nan_and_infinity_in_a_column_of_floats_count_as_blank() -> None:
    table = pl.DataFrame({"n": [1.0, float("nan"), float("inf"), float("-inf")]})
    assert as_declared(table, ["n"], [])["n"].to_list() == [1.0, None, None, None]


@pytest.mark.parametrize("value", ["cheap", "inf"])
def test_a_value_that_is_no_number_is_quoted_with_its_row(value: str) -> None:
    with pytest.raises(BadInput, match=f"column n, row 2: '{value}' is not a number"):
        as_declared(pl.DataFrame({"n": ["1", value]}), ["n"], [])
