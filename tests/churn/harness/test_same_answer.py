"""When two tables of predictions are the same answer, and when they are not."""

import math

import polars as pl
import pytest

from churn.harness.same_answer import SAME_ANSWER, largest_difference

OURS = pl.DataFrame({"customer_id": [1, 2, 3], "churn_probability": [0.1, 0.2, 0.3]})


def changed(**columns: list[float | None]) -> pl.DataFrame:
    return OURS.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def test_the_order_of_rows_does_not_matter() -> None:
    assert largest_difference(OURS, OURS.reverse()) == 0.0


def test_the_largest_difference_counts() -> None:
    assert largest_difference(OURS, changed(churn_probability=[0.1, 0.25, 0.31])) == pytest.approx(0.05)
    assert largest_difference(OURS, changed(churn_probability=[0.1, 0.2, 0.3 + SAME_ANSWER / 2])) <= SAME_ANSWER


@pytest.mark.parametrize(
    "theirs",
    [
        changed(customer_id=[1, 2, 4]),
        OURS.head(2),
        changed(churn_probability=[0.1, None, 0.3]),
        changed(churn_probability=[0.1, math.nan, 0.3]),
    ],
)
def test_other_customers_or_no_number_are_never_the_same(theirs: pl.DataFrame) -> None:
    assert largest_difference(OURS, theirs) == math.inf
    assert largest_difference(theirs, OURS) == math.inf
