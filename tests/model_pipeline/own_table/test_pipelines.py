"""The input check travels with the model, and rare categories share one place."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from churn.harness.errors import BadInput
from model_pipeline.model_file.skops_file import positive_probability
from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.pipelines import as_declared, baseline, boosted_trees, spline_regression
from model_pipeline.validate import MISSING
from tests.model_pipeline.conftest import COLUMNS

RARE = Columns(["n"], ["w"])


@pytest.mark.parametrize("family", ["splines", "trees"])
@settings(max_examples=4)
@given(order=st.randoms(use_true_random=False))
def test_order_and_extra_columns_change_nothing(
    customers: pl.DataFrame, model_of_family: Callable[[str], Any], family: str, order: random.Random
) -> None:
    model, rows = model_of_family(family), customers.head(30)
    names = order.sample(rows.columns, len(rows.columns))
    shuffled = rows.select(names).with_columns(something_else=pl.lit("?"))
    assert np.array_equal(positive_probability(model, shuffled), positive_probability(model, rows))


@pytest.mark.parametrize("lacking", COLUMNS.names)
def test_a_missing_column_is_named(
    customers: pl.DataFrame, model_of_family: Callable[[str], Any], lacking: str
) -> None:
    with pytest.raises(BadInput, match=f"no column {lacking}"):
        positive_probability(model_of_family("splines"), customers.drop(lacking))


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("charge", "cheap", "column charge, row 3: 'cheap' is not a number"),
        ("joined", "yesterday", "column joined, row 3: 'yesterday' is not a date written %Y-%m-%d"),
    ],
)
def test_a_value_that_cannot_be_read_is_quoted_with_its_row(
    customers: pl.DataFrame, column: str, value: str, sentence: str
) -> None:
    third = pl.int_range(pl.len()) == 2
    broken = customers.with_columns(pl.when(third).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))
    with pytest.raises(BadInput, match=sentence):
        as_declared(broken, COLUMNS.numeric, COLUMNS.categorical, COLUMNS.dates)


def test_numbers_words_and_dates_come_out_as_declared() -> None:
    table = pl.DataFrame({"n": [1, None], "w": [None, "a"], "d": ["1970-01-02", None], "x": [0, 0]})
    typed = as_declared(table, ["n"], ["w"], {"d": "%Y-%m-%d"})
    assert typed.to_dict(as_series=False) == {"n": [1.0, None], "d": [1.0, None], "w": [MISSING, "a"]}


@pytest.mark.parametrize("family", ["splines", "trees"])
def test_a_word_never_seen_and_a_blank_row_get_a_probability(
    customers: pl.DataFrame, model_of_family: Callable[[str], Any], family: str
) -> None:
    model = model_of_family(family)
    odd = customers.head(2).with_columns(plan=pl.lit("platinum"))
    blank = customers.head(2).select(pl.lit(None, pl.String).alias(name) for name in customers.columns)
    for rows in (odd, blank):
        probability = positive_probability(model, rows)
        assert ((probability > 0) & (probability < 1)).all()


@pytest.mark.parametrize("columns", [Columns(["n"], []), Columns([], ["w"])])
@pytest.mark.parametrize("family", [baseline, spline_regression, partial(boosted_trees, seed=0)])
def test_numbers_only_or_words_only_are_enough(family: Callable[[Columns], Pipeline], columns: Columns) -> None:
    left = np.arange(90) % 3 == 0
    table = pl.DataFrame({"n": np.where(left, 2.0, np.arange(90) % 2), "w": np.where(left, "a", "b")})
    probability = family(columns).fit(table, left).predict_proba(table)[:, 1]
    assert probability[left].min() > probability[~left].max()


@pytest.mark.parametrize("pipeline", [spline_regression(RARE), boosted_trees(RARE, seed=0)])
def test_rare_words_and_unknown_words_share_one_place(pipeline: Pipeline) -> None:
    words = ["common"] * 40 + ["usual"] * 40 + [f"rare {number}" for number in range(8)]
    table = pl.DataFrame({"n": np.arange(88.0), "w": words})
    fitted = pipeline["process"].fit(table)
    place = fitted.transform(pl.DataFrame({"n": [1.0] * 4, "w": ["rare 1", "rare 2", "usual", "never seen"]}))
    assert np.array_equal(place[0], place[1])
    assert not np.array_equal(place[0], place[2])
    assert not np.array_equal(place[3], place[2], equal_nan=True)
