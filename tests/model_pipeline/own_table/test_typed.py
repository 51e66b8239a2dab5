"""A later file is read as training read its own, or refused in one sentence."""

import polars as pl
import pytest

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.typed import clean, typed, unlike_training

TRAINED = Columns(
    ["fee", "income"],
    ["plan"],
    {"joined": "%d.%m.%Y"},
    decimal={"fee": ",", "income": ","},
    unknown={"income": ["secret"]},
)
POINTS = Columns(["fee", "income"], [], decimal={"fee": ".", "income": "."})


def test_text_becomes_what_training_made_of_it() -> None:
    text = pl.DataFrame(
        {
            "fee": ["29,85", " 1.299,99 ", None],
            "income": ["secret", "\\N", "2.847"],
            "plan": ["basic\u200b", "NULL", " - "],
            "joined": ["2.1.1970", "unknown", None],
            "other": ["x", "y", "z"],
        }
    )
    assert typed(text, TRAINED).to_dict(as_series=False) == {
        "fee": [29.85, 1299.99, None],
        "income": [None, None, 2847.0],
        "plan": ["basic", None, "-"],
        "joined": [1.0, None, None],
        "other": ["x", "y", "z"],
    }


def test_a_table_that_is_read_already_stays_as_it_is() -> None:
    text = pl.DataFrame({"fee": ["1,5"], "income": ["2,5"], "plan": ["a"], "joined": ["02.01.1970"]})
    once = typed(text, TRAINED)
    assert typed(once, TRAINED).equals(once)


def test_thousands_are_thousands_for_a_model_that_learnt_from_decimal_points() -> None:
    few = pl.DataFrame({"fee": ["74.77"], "income": ["2,847"]})
    assert typed(few, POINTS)["income"].to_list() == [2847]
    assert typed(few.drop("fee"), POINTS)["income"].to_list() == [2847]
    assert unlike_training(few, POINTS) == []


def test_a_file_from_a_different_country_is_read_by_its_own_marks_and_that_is_noted() -> None:
    english = pl.DataFrame({"fee": ["74.77", "12"], "income": ["2,847", "1,200"]})
    assert typed(english, TRAINED).to_dict(as_series=False) == {"fee": [74.77, 12.0], "income": [2847.0, 1200.0]}
    assert unlike_training(english, TRAINED) == [
        "fee: decimal point (such as 74.77), but training read a decimal comma",
        "income: decimal point (2,847, as in other columns), but training read a decimal comma",
    ]


@pytest.mark.parametrize(
    ("learnt", "value", "note"),
    [
        ("%", "0.12", "look out: rate is without a unit, but training read it in %: is it the same scale?"),
        ("", "12 %", "look out: rate is in %, but training read it without a unit: is it the same scale?"),
        ("€", "$12", "look out: rate is in $, but training read it in €: is it the same scale?"),
        ("%", "12%", None),
        ("", "12", None),
        (None, "12 %", None),  # training met both
    ],
)
def test_a_unit_that_training_did_not_meet_is_noted(learnt: str | None, value: str, note: str | None) -> None:
    columns = Columns(["rate"], [], unit={} if learnt is None else {"rate": learnt})
    assert unlike_training(pl.DataFrame({"rate": [value, None]}), columns) == ([note] if note else [])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"fee": "cheap"}, "column fee, row 1: 'cheap' is not a number"),
        ({"fee": "secret"}, "column fee, row 1: 'secret' is not a number"),
        ({"joined": "01/31/2024"}, "column joined, row 1: '01/31/2024' is not a date written %d.%m.%Y"),
    ],
)
def test_a_value_that_training_would_not_have_read_is_refused(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        typed(pl.DataFrame(values), TRAINED)


def test_only_what_always_means_blank_is_blank_in_a_column_of_words() -> None:
    words = pl.DataFrame(
        {"w": ["", " ", "NA", "NULL", "\\N", "<NA>", "\u200b", "\u00a0", "none", "Unknown", "-", "Na"]}
    )
    assert clean(words)["w"].to_list() == [None] * 8 + ["none", "Unknown", "-", "Na"]
