"""The lesson's Pipelines on the columns of any table. Two things are added: dates, and the pooling of rare categories.

The operator's contract lists the categories, so the lesson needs no pooling. A user's table has no contract.
"""

import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from churn.harness.errors import BadInput
from model_pipeline import build, validate
from model_pipeline.own_table.columns import Columns

# Rarer categories are pooled as "infrequent", and so is a category that training never saw.
POOLING = {"min_frequency": 10, "max_categories": 40}


def spline_regression(columns: Columns) -> Pipeline:
    return _adapted(build.spline_regression(_numbers(columns), columns.categorical), columns)


def boosted_trees(columns: Columns, seed: int) -> Pipeline:
    return _adapted(build.boosted_trees(_numbers(columns), columns.categorical, seed=seed), columns)


def baseline(columns: Columns) -> Pipeline:
    """Return the like of the plain answer's baseline, unfitted. It also imputes, because any table has gaps."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(handle_unknown="infrequent_if_exist", **POOLING)
    process = ColumnTransformer([("numbers", numbers, _numbers(columns)), ("words", words, columns.categorical)])
    model = LogisticRegression(tol=1e-8, max_iter=1000)
    return Pipeline([("validate", input_check(columns)), ("process", process), ("model", model)])


def _adapted(pipeline: Pipeline, columns: Columns) -> Pipeline:
    """Return the Pipeline with this table's check, pooling, and only the numbers that its training rows know.

    The steps pass arrays on, not tables: a plan 'b_c' in a column 'a' and a plan 'c' in a column 'a_b' would get the
    same column name.
    """
    pooling = {f"process__words__{name}": value for name, value in POOLING.items()}
    pipeline.set_params(validate=input_check(columns), **pooling)
    process = pipeline["process"].set_output(transform="default")
    process.transformers = [
        (name, step, known_numbers if name == "numbers" else names) for name, step, names in process.transformers
    ]
    return pipeline


def known_numbers(table: pl.DataFrame) -> list[str]:
    """Return the numeric columns in which at least one row has a value. scikit-learn calls this in every fit.

    In a fold, a column may be all blank, for example because it was recorded only lately. No spline fits that.
    """
    return [name for name in table.columns if table[name].dtype == pl.Float64 and table[name].count() > 0]


def _numbers(columns: Columns) -> list[str]:
    return [*columns.numeric, *columns.dates]


def input_check(columns: Columns) -> FunctionTransformer:
    declared = {"numeric": columns.numeric, "categorical": columns.categorical, "dates": columns.dates}
    return FunctionTransformer(as_declared, kw_args=declared)


def as_declared(table: pl.DataFrame, numeric: list[str], categorical: list[str], dates: dict[str, str]) -> pl.DataFrame:
    """Return what the lesson's check returns, with each date as days since 1970, after the numbers.

    Raises BadInput as the lesson's check does, and when a value is not a date in its column's format.
    """
    there = {name: form for name, form in dates.items() if name in table.columns}
    table = table.with_columns(_days_since_1970(table[name], form) for name, form in there.items())
    return validate.as_declared(table, [*numeric, *dates], categorical)


def _days_since_1970(dates: pl.Series, form: str) -> pl.Series:
    read = dates.str.to_datetime(form, strict=False) if dates.dtype == pl.String else dates
    days = read.cast(pl.Datetime("ms"), strict=False).dt.timestamp("ms") / 86_400_000
    unreadable = (days.is_null() & dates.is_not_null()).arg_true()
    if len(unreadable) > 0:
        row = int(unreadable[0])
        raise BadInput(f"column {dates.name}, row {row + 1}: '{dates[row]}' is not a date written {form}")
    return days
