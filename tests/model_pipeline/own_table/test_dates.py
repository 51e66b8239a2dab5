"""Dates are read in the form of their column, to the second and in UTC."""

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_pipeline.own_table.dates import FORMS, date_form, is_form, read_dates


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2024-01-05", "%Y-%m-%d", "2024-01-05"),
        ("2024-1-5", "%Y-%m-%d", "2024-01-05"),
        ("2024-01-05 10:20:30", "%Y-%m-%d", "2024-01-05 10:20:30"),
        ("2024-01-05T10:00:00+02:00", "%Y-%m-%d", "2024-01-05 08:00:00"),
        ("2024-01-05T23:00:00.123-0500", "%Y-%m-%d", "2024-01-06 04:00:00"),
        ("2024-01-05T10:00:00Z", "%Y-%m-%d", "2024-01-05 10:00:00"),
        ("31.1.2024", "%d.%m.%Y", "2024-01-31"),
        ("31/01/96", "%d/%m/%y", "1996-01-31"),
        ("12/28/07", "%m/%d/%y", "2007-12-28"),
        ("12/28/2007 3:05 PM", "%m/%d/%Y", "2007-12-28 15:05:00"),
        ("12/28/2007 12:05 am", "%m/%d/%Y", "2007-12-28 00:05:00"),
        ("Jan 2024", "%b %Y", "2024-01-01"),
        ("05-JAN-24", "%d-%b-%y", "2024-01-05"),
        ("5. März 2024", "%d. %b %Y", "2024-03-05"),
        ("30 juin 2024", "%d %b %Y", "2024-06-30"),
        ("1 juillet 2024", "%d %b %Y", "2024-07-01"),
        ("January 5, 2024", "%b %d, %Y", "2024-01-05"),
        ("Fri, 05 Jan 2024 10:00:00 GMT", "%a, %d %b %Y", "2024-01-05 10:00:00"),
        ("2024-03", "%Y-%m", "2024-03-01"),
        ("3/2024", "%m/%Y", "2024-03-01"),
    ],
)
def test_a_date_is_read_whichever_way_it_is_written(text: str, form: str, expected: str) -> None:
    values = pl.Series([text])
    assert date_form(values)[0] == form
    assert read_dates(values, form).to_list() == [datetime.fromisoformat(expected)]


@pytest.mark.parametrize(
    "text", ["", "x", "31.02.2024", "2024-13-01", "96-1", "9999-12-31", "0000-00-00", "10:30", "1.5", "5 Foo 2024"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert date_form(pl.Series([text])) == (None, [])


def test_the_whole_column_decides_between_day_and_month() -> None:
    assert date_form(pl.Series(["1/9/96", "12/28/07"])) == ("%m/%d/%y", [])
    assert date_form(pl.Series(["1/9/96", "28/12/07"])) == ("%d/%m/%y", [])
    assert date_form(pl.Series(["1/9/96", "2/8/07"])) == ("%d/%m/%y", ["%m/%d/%y"])


def test_one_strange_value_does_not_turn_days_into_months() -> None:
    assert date_form(pl.Series([f"1/{day}/2024" for day in range(1, 29)] + ["28/1/2024"]))[0] == "%m/%d/%Y"


def test_years_of_two_digits_are_cut_at_69() -> None:
    years = read_dates(pl.Series(["1.1.69", "1.1.99", "1.1.00", "1.1.68"]), "%d.%m.%y").dt.year()
    assert years.to_list() == [1969, 1999, 2000, 2068]


@settings(max_examples=50)
@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)),
    st.sampled_from([form for form in FORMS if "%d" in form]),
)
def test_every_form_reads_what_strftime_writes(time: datetime, form: str) -> None:
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    assert read_dates(pl.Series([time.strftime(form)]), form).to_list() == [day]
    second = time.replace(microsecond=0)
    assert read_dates(pl.Series([time.strftime(f"{form} %H:%M:%S")]), form).to_list() == [second]


@pytest.mark.parametrize(
    ("form", "known"), [("%d.%m.%y", True), ("%Y", True), ("%d.%m", False), ("%Q %Y", False), ("%Y %Y", False)]
)
def test_a_form_is_known_before_it_is_used(form: str, known: bool) -> None:
    assert is_form(form) == known
