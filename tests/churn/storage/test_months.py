from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.harness.errors import BadInput
from churn.simulator.world import World
from churn.storage.months import add_months, days_in, first_day, last_day, month_range, parse_month
from tests.churn.small_world import modest

MONTH = st.dates(date(1990, 1, 1), date(2080, 12, 31)).map(lambda day: day.strftime("%Y-%m"))


@modest
@given(month=MONTH, count=st.integers(-500, 500))
def test_adding_and_taking_away_months_cancel(month: str, count: int) -> None:
    there = add_months(month, count)
    assert add_months(there, -count) == month
    assert (there > month) == (count > 0)
    assert parse_month(there) == there


@modest
@given(month=MONTH)
def test_the_day_after_the_last_is_the_next_months_first(month: str) -> None:
    assert (first_day(add_months(month, 1)) - last_day(month)).days == 1
    assert (last_day(month) - first_day(month)).days + 1 == days_in(month)


@modest
@given(month=MONTH, count=st.integers(0, 40))
def test_a_range_has_both_ends(month: str, count: int) -> None:
    months = month_range(month, add_months(month, count))
    assert len(months) == count + 1
    assert months == sorted(set(months))
    assert (months[0], months[-1]) == (month, add_months(month, count))
    assert month_range(add_months(month, 1), month) == []


def test_february_of_a_leap_year_has_29_days() -> None:
    assert [days_in(month) for month in ("2024-02", "2025-02", "2025-12")] == [29, 28, 31]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "2025-13",
        "2025-00",
        "2025-1",
        "25-01",
        "2025-01-01",
        "2025/01",
        " 2025-01",
        "2025-01\n",
        "0000-01",
        "9999-12",
        "²⁰²⁵-01",
    ],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a month: write it as YYYY-MM"):
        parse_month(text)


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        ({"customers": 0}, "N=0: the world needs 500 to 100,000,000 customers"),
        ({"customers": 499}, "N=499"),
        ({"customers": 100_000_001}, "N=100000001"),
        ({"seed": -1}, "SEED=-1: a seed is a whole number from 0 up"),
        ({"months": 0}, "0 months"),
        ({"first_month": "January"}, "'January' is not a month"),
    ],
)
def test_a_world_that_cannot_be_is_refused(world: dict[str, int], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        World(**world)  # type: ignore[arg-type]  # one of them is meant to be wrong


def test_no_two_worlds_share_a_folder() -> None:
    worlds = [World(), World(customers=600), World(seed=8), World(months=3), World(first_month="2024-01")]
    assert len({world.name for world in worlds}) == len(worlds)
    assert World().last_month == "2025-12"
