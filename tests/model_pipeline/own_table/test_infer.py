"""Each column is what a person would say that it is, and each guess is named."""

from pathlib import Path

import polars as pl
import pytest

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns, Reading
from model_pipeline.own_table.infer import columns_of, kinds_wanted, two_outcomes
from model_pipeline.own_table.typed import BLANKS, clean, typed

N = 200
PATH = Path("mine.csv")
FEES = [f"{10 + number * 1.37:.2f}" for number in range(N)]


def understood(values: list[str | None], name: str = "x") -> tuple[Columns, Reading, pl.Series]:
    """How a column is read next to a column of numbers, and what its values are after that."""
    table = clean(pl.DataFrame({"fee": FEES[: len(values)], name: pl.Series(values, dtype=pl.String)}))
    columns, (_, reading) = columns_of(table, table.columns, {})
    return columns, reading, typed(table, columns)[name]


def kind_of(values: list[str | None], name: str = "x") -> str:
    columns, _, _ = understood(values, name)
    kinds = {"number": columns.numeric, "date": list(columns.dates), "word": columns.categorical}
    return next((kind for kind, names in kinds.items() if name in names), "dropped")


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("userId", [str(7 * number + 3) for number in range(N)], "dropped"),
        ("identifier", [str(7 * number + 3) for number in range(N)], "dropped"),
        ("PID", [str(7 * number + 3) for number in range(N)], "dropped"),
        ("code", [f"X-{number}" for number in range(N)], "dropped"),
        ("row", [str(number) for number in range(N)], "dropped"),
        ("amount", [str(1000 + (number * 37) % 997) for number in range(N)], "number"),
        ("weight", [f"{number * 1.01:.2f}" for number in range(N)], "number"),
        ("answer", ["yes", "no"] * (N // 2), "word"),
        ("mass", [f"[{number}]" if number % 3 == 0 else f"{number}.5" for number in range(N)], "number"),
        ("day", ["13/01/2025", "02/03/2025"] * (N // 2), "date"),
        ("sometimes", ["x", None] * (N // 2), "word"),
        ("x", ["0", "1", "2", "3+"] * (N // 4), "word"),
        ("x", ["01234", "99423"] * (N // 2), "word"),
        ("x", ["none", "1", "2", "3"] * (N // 4), "number"),
        ("x", ["12 A", "12 B", "14", "14"] * (N // 4), "word"),
        ("x", ["5 GB", "10 GB", "100 GB", "5 GB"] * (N // 4), "number"),
        ("x", ["€ 5", "€ 10,50", "€ 1.000", "€ 7"] * (N // 4), "number"),
        ("x", ["unknown", "2024-01-05", "2024-02-05", "2024-03-05"] * (N // 4), "date"),
        ("x", ["none", "Unknown", "-", "-"] * (N // 4), "word"),
    ],
)
def test_each_kind_of_column_goes_where_it_belongs(name: str, values: list[str | None], kind: str) -> None:
    assert kind_of(values, name) == kind


@pytest.mark.parametrize(
    "word", ["\\N", "-", "n/a", "<NA>", "(null)", ".", "inf", "-nan", "#DIV/0!", "#NUM!", "Unknown", "NULL", "–", "65+"]
)
def test_a_few_words_in_a_column_of_numbers_are_unknown_and_named(word: str) -> None:
    _, reading, numbers = understood([word, *FEES[1:-1], word])
    assert numbers.to_list() == [None, *map(float, FEES[1:-1]), None]
    assert reading.unknown == ("2 blank" if word in BLANKS else f"2 '{word}'")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["basic", "plus"], "words: plus, basic"),
        (["New York, NY", "London"], "words: London, 'New York, NY'"),
        (["a", "b", "c", "d, e"], "'d, e', c and 2 other words"),
        (["one of many words", "two"], "words: two, one of many wor…"),
    ],
)
def test_the_commonest_words_of_a_column_are_named(words: list[str], shown: str) -> None:
    """The last word is the commonest one."""
    values = [word for often, word in enumerate(words, start=1) for _ in range(often)]
    assert understood([*values * 3])[1].why == shown


@pytest.mark.parametrize(
    ("words", "positive"),
    [
        (("yes", "no"), "yes"),
        (("1", "0"), "1"),
        (("TRUE", "FALSE"), "TRUE"),
        (("gone", "here"), "here"),
        (("2", "1"), "1"),
        (("y", "n"), "y"),
        (("ja", "nein"), "ja"),
        (("sí", "no"), "sí"),
        (("True.", "False."), "True."),
        (("oui", "non"), "oui"),
        (("Exited", "Stayed"), "Exited"),
    ],
)
def test_a_word_for_yes_is_predicted_even_if_it_is_commoner_and_else_the_rarer_one(
    words: tuple[str, str], positive: str
) -> None:
    """The first word is the commoner one."""
    notes: list[str] = []
    assert two_outcomes(pl.Series("churn", [words[0], *words] * 9), 0, PATH, notes)[0] == positive
    assert notes[0].startswith(f"'{positive}' in churn is what is predicted")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("tenur=number", "READ=tenur=number: there is no column tenur: did you mean tenure"),
        ("tenure=numeric", "a column can be number, decimal comma, decimal point, category, customer, drop, or a date"),
        ("tenure=customer;charge=customer", "one column can be the customer"),
        ("tenure=%Q", "or a date such as %d.%m.%Y"),
        ("tenure", "there is no column"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence(wanted: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        kinds_wanted(wanted, ["tenure", "charge"])
    assert "\n" not in str(refusal.value)
