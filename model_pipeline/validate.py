"""Data Validation. scikit-learn checks shapes and types, not meaning: a negative minute is a number like any other.

The plain answer's contract therefore judges the export. The Pipeline adds a check that *travels with the model*, as
its first step. It selects the columns of the training table by name, casts them, and refuses a table that does not fit.
The step runs in training, in every fold of the search, and wherever someone opens the model file later.
"""

from pathlib import Path

import polars as pl
from sklearn.preprocessing import FunctionTransformer

from churn import validate as plain
from churn.checks.quality import Quality
from churn.harness.errors import BadInput

MISSING = "(missing)"  # blank is a category, too: a field left blank often means something


def validate(lake: Path, month: str) -> Quality:
    """Judge one month's export. Raises ContractBroken when it is not fit to learn from."""
    return plain.validate(lake, month)


def input_check(numeric: list[str], categorical: list[str]) -> FunctionTransformer:
    """Return the Pipeline's first step. Its arguments are plain lists, which any model file can carry."""
    return FunctionTransformer(as_declared, kw_args={"numeric": numeric, "categorical": categorical})


def as_declared(table: pl.DataFrame, numeric: list[str], categorical: list[str]) -> pl.DataFrame:
    """Return only the declared columns, in this order: numbers cast to Float64, then categories cast to text.

    A blank number becomes null, and so do NaN and infinity in a column of floats. A blank category becomes MISSING.

    Raises BadInput when a column is missing, or when a text in a numeric column is not a finite number.
    """
    if missing := [name for name in [*numeric, *categorical] if name not in table.columns]:
        raise BadInput(f"the table has no column {', '.join(missing)}: the model was trained with it, and needs it")
    declared = table.select(
        *(_finite_number(name) for name in numeric),
        *(pl.col(name).cast(pl.String).fill_null(MISSING) for name in categorical),
    )
    for name in numeric:
        unreadable = declared[name].is_null() & table[name].is_not_null()
        if unreadable.any() and not table.schema[name].is_float():  # in a column of floats, NaN and infinity mean blank
            row = int(unreadable.arg_true()[0])
            raise BadInput(f"column {name}, row {row + 1}: '{table[name][row]}' is not a number")
    return declared


def _finite_number(name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).alias(name)
