"""The contract with the operator: the tables of a monthly export, their columns, and what each row must satisfy.

A report names the rule that a row breaks: "usage 2025-09: 12 rows have minutes < 0".
"""

from collections.abc import Callable
from functools import cache

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from churn.harness.errors import ContractBroken
from churn.storage.months import add_months, first_day, last_day
from churn.tables import CONTRACTS, KEYS, PLANS, REGIONS

MOST_BAD_ROWS = 0.02  # of a table; an export with more is broken, not dirty
MINUTES_IN_A_DAY = 1440
LONG_DAY_MINUTES = 240
MOST_LONG_DAYS = 0.05  # of the rows; the usual share is 0.0005
MOST_GB_A_DAY = 200.0  # a phone on a good 4G cell, downloading all day
MOST_EUR_A_MONTH = 1000.0
ODD_DAY_RATIO = 20.0  # a day whose median is this many times the month's was recorded in another unit
FEWEST_ROWS_TO_JUDGE_A_DAY = 30
CONFIRMED_MONTHS: frozenset[str] = frozenset()  # the operator says they are complete, whatever completeness.py finds


def split_by_contract(frame: pl.DataFrame, table: str, month: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split rows of a table into those that keep the contract, and the others with a `reason` column in front.

    Both have only the columns that the contract names. Raises ContractBroken when rows cannot be judged one by one,
    because a column is missing or has a different type.
    """
    schema = schema_of(table, month)
    rows = frame.select(name for name in frame.columns if name in schema.columns)
    try:
        return schema.validate(rows, lazy=True), rows.clear().insert_column(0, pl.Series("reason", [], pl.String))
    except SchemaErrors as errors:
        found = errors.failure_cases
    of_table = found.filter(pl.col("index").is_null())
    if len(of_table) > 0:
        raise ContractBroken(f"{table} {month}: {_table_problem(frame, schema, of_table.row(0, named=True))}")
    first_reason = (
        found.with_columns(reason=_reason(), index=pl.col("index").cast(pl.UInt32))
        .group_by("index", maintain_order=True)
        .agg(pl.col("reason").first())
    )
    judged = rows.with_row_index("index").join(first_reason, on="index", how="left", maintain_order="left")
    bad = judged.filter(pl.col("reason").is_not_null()).select("reason", *rows.columns)
    return judged.filter(pl.col("reason").is_null()).drop("index", "reason"), bad


@cache  # building one takes as long as judging a small file, and a table has many files
def schema_of(table: str, month: str) -> pa.DataFrameSchema:
    return SCHEMAS[table](month)


def _reason() -> pl.Expr:
    is_null = pl.col("check") == "not_nullable"
    return pl.when(is_null).then(pl.format("{} is null", pl.col("column"))).otherwise(pl.col("check"))


def _table_problem(frame: pl.DataFrame, schema: pa.DataFrameSchema, failure: dict[str, str]) -> str:
    name = failure["column"] or failure["failure_case"]
    if name not in frame.columns:
        return f"column {name} is missing (the export has {', '.join(frame.columns)})"
    if failure["check"].startswith("dtype"):
        return f"column {name} is {frame.schema[name]}, the contract says {schema.columns[name].dtype}"
    return f"column {name} cannot be judged by '{failure['check']}': {failure['failure_case']}"


def _in_month(month: str, column: str) -> list[pa.Check]:
    return [
        pa.Check.ge(first_day(month), error=f"{column} before {first_day(month)}"),
        pa.Check.le(last_day(month), error=f"{column} after {last_day(month)}"),
    ]


def _one_of(column: str, words: tuple[str, ...]) -> pa.Check:
    return pa.Check.isin(words, error=f"{column} not one of {', '.join(words)}")


def _amount(column: str, most: float) -> list[pa.Check]:
    return [
        pa.Check.gt(0.0, error=f"{column} <= 0"),
        pa.Check.le(most, error=f"{column} > {most:g}"),
    ]


def _once(table: str) -> pa.Check:
    """Keep the first row of a key and reject its copies."""
    key = KEYS[table]
    return pa.Check(
        lambda data: data.lazyframe.select(pl.struct(key).is_first_distinct()), error=f"duplicate {' + '.join(key)}"
    )


def _day_in_its_usual_unit() -> pa.Check:
    """Reject a day with megabytes sent as gigabytes: each row alone is possible, the day's median is not."""
    too_high = pl.col("data_gb").median().over("date") > ODD_DAY_RATIO * pl.col("data_gb").median()
    judged = pl.len().over("date") >= FEWEST_ROWS_TO_JUDGE_A_DAY
    return pa.Check(
        lambda data: data.lazyframe.select(~(too_high & judged).fill_null(value=False)),
        error=f"data_gb of that day over {ODD_DAY_RATIO:g} times the usual",
    )


def _minutes_not_seconds() -> pa.Check:
    """Reject seconds sent as minutes: a few long days are possible, this many are not."""
    long_day = pl.col("minutes") > LONG_DAY_MINUTES
    return pa.Check(
        lambda data: data.lazyframe.select(~(long_day & (long_day.mean() > MOST_LONG_DAYS)).fill_null(value=False)),
        error=f"minutes > {LONG_DAY_MINUTES}, as do over {MOST_LONG_DAYS:.0%} of the rows",
    )


def customers(month: str) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {
            "customer_id": pa.Column(pl.Int64, pa.Check.gt(0, error="customer_id <= 0")),
            "signup_date": pa.Column(pl.Date, _in_month(month, "signup_date")[1]),
            "region": pa.Column(pl.String, _one_of("region", REGIONS)),
            "plan": pa.Column(pl.String, _one_of("plan", PLANS)),
            "contract": pa.Column(pl.String, _one_of("contract", CONTRACTS)),
            "monthly_charge_eur": pa.Column(pl.Float64, _amount("monthly_charge_eur", MOST_EUR_A_MONTH)),
        },
        checks=_once("customers"),
    )


def usage(month: str) -> pa.DataFrameSchema:
    """Return the rules for usage. Rows of the previous month are late, not wrong: roaming partners report late."""
    earliest, latest = first_day(add_months(month, -1)), last_day(month)
    return pa.DataFrameSchema(
        {
            "customer_id": pa.Column(pl.Int64, pa.Check.gt(0, error="customer_id <= 0")),
            "date": pa.Column(
                pl.Date,
                [
                    pa.Check.ge(earliest, error=f"date before {earliest}"),
                    pa.Check.le(latest, error=f"date after {latest}"),
                ],
            ),
            "minutes": pa.Column(
                pl.Int32,
                [
                    pa.Check.ge(0, error="minutes < 0"),
                    pa.Check.le(MINUTES_IN_A_DAY, error=f"minutes > {MINUTES_IN_A_DAY}"),
                ],
            ),
            "data_gb": pa.Column(
                pl.Float32,
                [
                    pa.Check.ge(0.0, error="data_gb < 0"),
                    pa.Check.le(MOST_GB_A_DAY, error=f"data_gb > {MOST_GB_A_DAY:g}"),
                ],
            ),
        },
        checks=[_once("usage"), _day_in_its_usual_unit(), _minutes_not_seconds()],
    )


def tickets(month: str) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {
            "ticket_id": pa.Column(pl.Int64),
            "customer_id": pa.Column(pl.Int64, pa.Check.gt(0, error="customer_id <= 0")),
            "opened_date": pa.Column(pl.Date, _in_month(month, "opened_date")),
        },
        checks=_once("tickets"),
    )


def payments(month: str) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {
            "customer_id": pa.Column(pl.Int64, pa.Check.gt(0, error="customer_id <= 0")),
            "due_date": pa.Column(pl.Date, _in_month(month, "due_date")),
            "amount_eur": pa.Column(pl.Float64, _amount("amount_eur", MOST_EUR_A_MONTH)),
            "status": pa.Column(pl.String, _one_of("status", ("paid", "failed"))),
        },
        checks=_once("payments"),
    )


def cancellations(month: str) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {
            "customer_id": pa.Column(pl.Int64, pa.Check.gt(0, error="customer_id <= 0")),
            "cancel_date": pa.Column(pl.Date, _in_month(month, "cancel_date")),
        },
        checks=_once("cancellations"),
    )


SCHEMAS: dict[str, Callable[[str], pa.DataFrameSchema]] = {
    "customers": customers,
    "usage": usage,
    "tickets": tickets,
    "payments": payments,
    "cancellations": cancellations,
}
