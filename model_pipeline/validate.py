"""Data Validation. scikit-learn checks shapes and types, not meaning: a negative minute is a number like any
other.

So the export is judged by the plain answer's contract. What the Pipeline adds is a check that *travels*: its
first step, which selects the columns the model was trained on, by name, and refuses a table that lacks one. It
runs in training, in every fold of the search, and wherever the model file is opened later.
"""

from pathlib import Path

import polars as pl
from sklearn.preprocessing import FunctionTransformer

from churn import validate as plain
from churn.harness.errors import BadInput
from model_pipeline.columns import Columns

MISSING = "(missing)"  # a category of its own: that somebody left a field blank often means something


def validate(lake: Path, month: str) -> plain.Quality:
    """Judge one month's export; raises ContractBroken when it is not fit to learn from."""
    return plain.validate(lake, month)


def input_check(columns: Columns) -> FunctionTransformer:
    """The Pipeline's first step. Its arguments are plain lists and dicts, which any model file can carry."""
    declared = {"numeric": columns.numeric, "categorical": columns.categorical, "dates": columns.dates}
    return FunctionTransformer(as_declared, kw_args=declared)


def as_declared(table: pl.DataFrame, numeric: list[str], categorical: list[str], dates: dict[str, str]) -> pl.DataFrame:
    """Return the declared columns, in order, as numbers (null if missing) and words (never null).

    Raises BadInput when a column is missing, or holds something that is not the number or the date it should be.
    """
    names = [*numeric, *dates, *categorical]
    if lacking := [name for name in names if name not in table.columns]:
        raise BadInput(f"the table has no column {', '.join(lacking)}: the model was trained with it, and needs it")
    typed = table.select(
        *(_number(table, name) for name in numeric),
        *(_days_since_1970(table, name, form) for name, form in dates.items()),
        *(pl.col(name).cast(pl.String).fill_null(MISSING) for name in categorical),
    )
    for name in [*numeric, *dates]:
        unreadable = typed[name].is_null() & table[name].is_not_null()
        if unreadable.any() and not table.schema[name].is_float():
            row = int(unreadable.arg_true()[0])
            kind = f"a date written {dates[name]}" if name in dates else "a number"
            raise BadInput(f"column {name}, row {row + 1}: '{table[name][row]}' is not {kind}")
    return typed


def _number(table: pl.DataFrame, name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).alias(name)


def _days_since_1970(table: pl.DataFrame, name: str, form: str) -> pl.Expr:
    column = pl.col(name)
    if table.schema[name] == pl.String:
        column = column.str.to_datetime(form, strict=False)
    return column.cast(pl.Datetime("ms"), strict=False).dt.timestamp("ms").truediv(86_400_000).alias(name)
