"""The operator's model sees the operator's features, and learns its quantiles from training rows alone."""

import numpy as np
import polars as pl
import pytest
from sklearn.pipeline import Pipeline

from churn.harness.errors import BadInput
from churn.lake import partition
from churn.tables import CATEGORICAL_FEATURES, FEATURES, NUMERIC_FEATURES
from model_pipeline.build import boosted_trees, spline_regression
from model_pipeline.model_file.skops_file import load_model, positive_probability
from model_pipeline.validate import MISSING, as_declared
from tests.model_pipeline.conftest import NEWEST, Run


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
