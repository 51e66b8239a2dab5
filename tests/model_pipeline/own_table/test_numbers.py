"""Numbers are read as their writers meant them, whichever marks, currencies and minus signs they use."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_pipeline.own_table.numbers import UNCLEAR, decimal_marks, numbers_in, with_mark

INCOMES = [900 + 50 * number for number in range(40)]  # 900, 950, 1000 … 2850


def read(values: list[str], usual: str = ".") -> tuple[list[float | None], str, str]:
    """The numbers of one column, its decimal mark, and why it is this one."""
    numbers = numbers_in(pl.Series("n", values))
    mark, why = decimal_marks({"n": numbers}, {"n": usual})["n"]
    return with_mark(numbers, mark).to_list(), mark, why


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1 299,99", 1299.99),
        ("1\u00a0299,99", 1299.99),
        ("1\u202f299,99", 1299.99),
        ("1'299.99", 1299.99),
        ("1’299.99", 1299.99),
        ("1,23,456.7", 123456.7),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("0,123", 0.123),
        ("1234,567", 1234.567),
        (",5", 0.5),
        ("12.", 12),
        ("€ 12", 12),
        ("12 €", 12),
        ("$1,200.00", 1200),
        ("-$3.50", -3.5),
        ("US$ 3.50", 3.5),
        ("R$ 3,50", 3.5),
        ("CHF 12.-", 12),
        ("12.–", 12),
        ("12 %", 12),
        ("12.5%", 12.5),
        ("12 kg", 12),
        ("(1,234.5)", -1234.5),
        ("($12)", -12),
        ("12-", -12),
        ("−4", -4),
        ("+4", 4),
        ("1e3", 1000),
        ("1,5E+3", 1500),
        ("2.5e-07", 2.5e-7),
    ],
)
def test_a_number_is_read_whichever_way_it_is_written(text: str, number: float) -> None:
    assert read([text])[0] == [pytest.approx(number)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "\\N",
        "abc",
        "inf",
        "nan",
        "1e999",
        "30.01.2024",
        "2024-01-05",
        "10:30",
        "555-1234",
        "1,2,3",
        "1.2.3",
        "A12",
        "5 Jan 2024",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read([text])[0] == [None]


@settings(max_examples=30)
@given(st.floats(-1e12, 1e12, allow_nan=False).map(lambda number: round(number, 2)))
def test_the_same_number_in_three_countries_is_the_same_number(number: float) -> None:
    american = f"{number:,.2f}"
    german = american.translate(str.maketrans(",.", ".,"))
    swiss = american.replace(",", "’")
    assert [read([text])[0] for text in (american, german, swiss)] == [[pytest.approx(number)]] * 3


@pytest.mark.parametrize("usual", [".", ","])
def test_a_number_of_hundreds_next_to_groups_of_three_shows_thousands(usual: str) -> None:
    numbers, mark, why = read([f"{income:,}" for income in INCOMES], usual)
    assert (numbers, mark) == (INCOMES, ".")
    assert why == "1,000 next to 900"


def test_points_for_thousands_are_found_where_points_are_no_decimals() -> None:
    assert read([f"{income:,}".replace(",", ".") for income in INCOMES], usual=",")[0] == INCOMES


def test_three_decimals_in_a_file_with_decimal_points_stay_decimals() -> None:
    values = [f"{number}.{100 + number}" for number in range(1, 40)]
    assert read([*values, "7"])[0] == [*(float(value) for value in values), 7]


def test_one_value_that_can_be_read_in_one_way_only_decides_for_its_column() -> None:
    assert read(["1,234", "2,345", "0,5"])[0] == [1.234, 2.345, 0.5]
    assert read(["1,234", "2,345", "12.5"], ",")[0] == [1234, 2345, 12.5]


def test_the_other_columns_decide_where_a_column_cannot() -> None:
    unclear, points, commas = (numbers_in(pl.Series(values)) for values in (["2,847"], ["74.77"], ["74,77"]))
    assert decimal_marks({"income": unclear, "fee": points}, {"income": ","})["income"] == (
        ".",
        "2,847, as in other columns",
    )
    assert decimal_marks({"income": unclear, "fee": commas}, {"income": "."})["income"] == (
        ",",
        "2,847, as in other columns",
    )


def test_what_nothing_decides_is_the_usual_mark_and_is_marked_as_unclear() -> None:
    for usual, number in ((".", 2847), (",", 2.847)):
        numbers, _, why = read(["2,847"], usual)
        assert numbers == [number]
        assert why == f"2,847 {UNCLEAR}"


def test_the_users_own_choice_is_kept_against_the_other_columns() -> None:
    columns = {"income": numbers_in(pl.Series(["2,847"])), "fee": numbers_in(pl.Series(["74.77"]))}
    assert decimal_marks(columns, {"income": ","}, fixed=["income"])["income"][0] == ","


def test_both_marks_in_one_column_are_each_read_as_they_can_only_mean() -> None:
    assert read(["29,85", "29.85", "12.5", "7"])[0] == [29.85, 29.85, 12.5, 7]


def test_letters_after_a_few_numbers_are_part_of_a_code() -> None:
    assert numbers_in(pl.Series(["12 A", "13", "14", "15 B", "16"]))["digits"].to_list() == [
        None,
        "13",
        "14",
        None,
        "16",
    ]
    assert numbers_in(pl.Series(["5 GB", "10 GB", "20 MB"]))["unit"].to_list() == ["GB", "GB", None]
