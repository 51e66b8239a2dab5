"""The lesson's Pipelines on the columns of any table. Two things are added: dates, and the pooling of rare categories.

The operator's contract lists the categories, so the lesson needs no pooling. A user's table has no contract.
"""

from dataclasses import asdict
from typing import Any

import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from model_pipeline import build, validate
from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.typed import typed

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
    return FunctionTransformer(as_declared, kw_args=asdict(columns))


def as_declared(
    table: pl.DataFrame, numeric: list[str], categorical: list[str], dates: dict[str, str], **read_as: Any
) -> pl.DataFrame:
    """Return what the lesson's check returns, with each date as days since 1970, after the numbers.

    Text is read as in training: `read_as` are the other fields of Columns. Raises BadInput as the lesson's check does,
    and when a value is not a number or a date as its column demands.
    """
    table = typed(table, Columns(numeric, categorical, dates, **read_as))
    return validate.as_declared(table, [*numeric, *dates], categorical)
