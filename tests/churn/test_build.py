"""A model learns from the months before the hold-out month, however many more the lake has."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from churn.build import baseline, build
from churn.harness.errors import BadInput
from churn.lake import months_of, partition
from churn.storage.months import month_range
from churn.tables import CATEGORICAL_FEATURES, FEATURES, LABEL, NUMERIC_FEATURES
from churn.train import fitted, training_and_holdout
from tests.witness import marked_rows

MONTHS = month_range("2025-01", "2025-05")
ROWS = marked_rows(1, 2, 3, 4, 5)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Five months of features, in two parts a month, and the labels that are known then: of four months."""
    for table, columns, months in (("features", FEATURES, MONTHS), ("labels", [LABEL], MONTHS[:-1])):
        for month in months:
            folder = partition(tmp_path, table, month)
            folder.mkdir(parents=True)
            rows = ROWS.filter(month=month).select("customer_id", "month", *columns)
            for part, here in enumerate((rows[:35], rows[35:])):
                here.write_parquet(folder / f"part-{part:05d}.parquet")
    return tmp_path


@pytest.mark.parametrize("month", MONTHS[2:])
def test_a_model_of_any_month_learns_from_none_that_ended_later(lake: Path, month: str) -> None:
    """A backfill trains for an earlier month in a lake that has all months."""
    build(lake, month)
    train_rows, holdout = training_and_holdout(lake, month)
    scored = MONTHS.index(month)
    assert train_rows["month"].unique().sort().to_list() == MONTHS[: scored - 1]
    assert holdout["month"].unique().to_list() == [MONTHS[scored - 1]]
    columns = ["customer_id", "month", *FEATURES, LABEL]
    expected = ROWS.filter(pl.col("month") < month).select(columns)
    assert_frame_equal(pl.concat([train_rows, holdout]), expected)  # a label of the same month


@pytest.mark.parametrize(("known", "month"), [(0, MONTHS[0]), (1, MONTHS[1]), (3, MONTHS[4])])
def test_without_a_month_to_learn_from_and_one_to_hold_out_nothing_is_written(
    lake: Path, known: int, month: str
) -> None:
    for later in MONTHS[known:-1]:
        shutil.rmtree(partition(lake, "labels", later))
    names = ", ".join(MONTHS[:known]) or "none"
    message = (
        f"too little history to learn for {month}: process at least 3 months up to it first "
        f"(labels known in {lake}: {names})"
    )
    with pytest.raises(BadInput, match=f"^{re.escape(message)}$"):
        build(lake, month)
    assert months_of(lake, "training") == []


def test_the_baseline_scales_numbers_and_encodes_categories_on_the_rows_it_is_fitted_on() -> None:
    learnt_from = marked_rows(1, 2, 3)
    model = fitted(baseline(), learnt_from)
    numbers, words = (model["columns"].named_transformers_[name] for name in ("numbers", "words"))
    assert isinstance(numbers, StandardScaler)
    assert numbers.mean_.tolist() == pytest.approx(learnt_from.select(NUMERIC_FEATURES).mean().row(0))
    assert isinstance(words, OneHotEncoder)
    assert [set(found) for found in words.categories_] == [set(learnt_from[name]) for name in CATEGORICAL_FEATURES]
    assert isinstance(model["classifier"], LogisticRegression)
    assert model["classifier"].coef_.shape == (1, 9 + 5 + 3 + 3)


def test_the_baseline_has_a_probability_for_a_category_it_never_saw() -> None:
    model = fitted(baseline(), marked_rows(1))
    assert 0 < model.predict_proba(marked_rows(2).head(1).with_columns(region=pl.lit("atlantis")))[0, 1] < 1


def test_the_baseline_has_converged() -> None:
    """A looser tolerance would give another answer on a different machine."""
    learnt_from = marked_rows(1, 2, 3)
    model = fitted(baseline(), learnt_from)
    tighter = fitted(baseline().set_params(classifier__tol=1e-12, classifier__max_iter=10_000), learnt_from)
    difference = model.predict_proba(learnt_from)[:, 1] - tighter.predict_proba(learnt_from)[:, 1]
    assert abs(difference).max() < 1e-7
