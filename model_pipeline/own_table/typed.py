"""Turn text into numbers, days and categories, in the way that training chose."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.dates import read_dates
from model_pipeline.own_table.numbers import MARKS, decimal_marks, numbers_in, with_mark

BLANKS = ["", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "?", "\\N", "<NA>", "(null)", "<null>", "[NULL]"]
UNKNOWN = {  # in lower case; in a column of categories, they are words like any other
    *(blank.lower() for blank in BLANKS),
    *("none", "nil", "n.a.", "n/d", "n.d.", "na.", "#na", "-", "--", "---", "–", "—", ".", "..", "...", "tbd"),
    *("unknown", "unk", "missing", "(missing)", "undefined", "not available", "not applicable", "(blank)", "empty"),
    *("unbekannt", "k.a.", "k. a.", "keine angabe", "inconnu", "desconocido"),
    *("inf", "+inf", "-inf", "infinity", "-infinity", "-nan", "1.#inf", "-1.#inf", "-1.#ind", "1.#qnan"),
    *("#div/0!", "#num!", "#value!", "#ref!", "#name?", "#null!", "0000-00-00", "00/00/0000", "0000-00-00 00:00:00"),
}
INVISIBLE = "[\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad]"


def clean(table: pl.DataFrame) -> pl.DataFrame:
    """Strip the text of spaces and of characters that nobody sees; text that stands for a blank becomes null."""
    text = pl.selectors.string().str.replace_all(INVISIBLE, "").str.strip_chars()
    table = table.with_columns(text)
    return table.with_columns(pl.when(~pl.selectors.string().is_in(BLANKS)).then(pl.selectors.string()))


def means_unknown(values: pl.Series, words: Iterable[str] = ()) -> pl.Series:
    """Return whether each value is a usual word for unknown, or one of `words`."""
    return values.str.to_lowercase().is_in(list(UNKNOWN)) | values.is_in(list(words))


def typed(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Return the table with numbers as Float64, dates as days since 1970, and blanks as null.

    Only text is read; a column of any other type is taken as it is, and a missing column is left to the caller. Raises
    BadInput when a value is neither a number or date, as its column demands, nor a word for unknown.
    """
    table = clean(table)
    text = {name: table[name] for name in columns.names if name in table.columns and table.schema[name] == pl.String}
    numbers = {name: numbers_in(text[name]) for name in columns.numeric if name in text}
    read = {
        name: with_mark(numbers[name], mark)
        for name, (mark, _) in decimal_marks(numbers, columns.decimal, columns.fixed).items()
    }
    for name, form in columns.dates.items():
        if name in text or (name in table.columns and table.schema[name].is_temporal()):
            dates = read_dates(text[name], form) if name in text else table[name].cast(pl.Datetime("ms"))
            read[name] = dates.dt.timestamp("ms") / 86_400_000
    for name, values in read.items():
        _raise_if_unreadable(table[name], values, columns)
    return table.with_columns(values.alias(name) for name, values in read.items())


def columns_of_model(model: Any) -> Columns:
    """Return the columns that a model of ours asks for, and how training read them."""
    pipeline = model.estimator.estimator.calibrated_classifiers_[0].estimator
    return Columns(**pipeline["validate"].kw_args)


def unlike_training(table: pl.DataFrame, columns: Columns) -> list[str]:
    """Return a note for each column of numbers whose decimal mark or unit is not the one that training read."""
    table = clean(table)
    numbers = {name: numbers_in(table[name]) for name in columns.numeric if table.schema.get(name) == pl.String}
    marks = decimal_marks(numbers, columns.decimal, columns.fixed)
    notes = []
    for name, (mark, why) in marks.items():
        if why and mark != (read := columns.decimal.get(name, ".")):
            notes.append(f"{name}: decimal {MARKS[mark]} ({why}), but training read a decimal {MARKS[read]}")
        units = numbers[name]["unit"].drop_nulls().unique().to_list()
        if len(units) == 1 and units[0] != (learnt := columns.unit.get(name, units[0])):
            here, there = (f"in {unit}" if unit else "without a unit" for unit in (units[0], learnt))
            notes.append(f"look out: {name} is {here}, but training read it {there}: is it the same scale?")
    return notes


def _raise_if_unreadable(given: pl.Series, read: pl.Series, columns: Columns) -> None:
    unreadable = read.is_null() & given.is_not_null()
    if given.dtype == pl.String:
        unreadable &= ~means_unknown(given, columns.unknown.get(given.name, ()))
    if unreadable.any():
        row = int(unreadable.arg_true()[0])
        form = columns.dates.get(given.name)
        what = f"a date written {form}" if form else "a number"
        raise BadInput(f"column {given.name}, row {row + 1}: '{given[row]}' is not {what}")
