"""The contract, rule by rule: which rows are put aside with which reason, and what closes the gate."""

import math
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn.checks.manifest import write_manifest
from churn.collect import collect
from churn.contract import MOST_BAD_ROWS, split_by_contract
from churn.harness.errors import ContractBroken
from churn.tables import TABLES
from churn.validate import validate
from tests.churn.small_world import (
    MONTHS,
    rows,
)

MONTH = MONTHS[2]


def frame_of(clean_lake: Path, table: str) -> pl.DataFrame:
    return rows(clean_lake, "valid", MONTH, table)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_looked_at(clean_lake: Path, table: str) -> None:
    """A null anywhere is put aside, with the column's name."""
    frame = frame_of(clean_lake, table)
    for column in frame.columns:
        first = pl.int_range(pl.len()) == 0
        holed = frame.with_columns(pl.when(~first).then(pl.col(column)))
        good, bad = split_by_contract(holed, table, MONTH)
        assert bad["reason"].to_list() == [f"{column} is null"]
        assert good.equals(frame.slice(1))


OUT_OF_BOUNDS: list[tuple[str, str, Any, str]] = [
    ("usage", "minutes", -1, "minutes < 0"),
    ("usage", "minutes", 1441, "minutes > 1440"),
    ("usage", "data_gb", -0.001, "data_gb < 0"),
    ("usage", "data_gb", 200.1, "data_gb > 200"),
    ("usage", "data_gb", math.nan, "data_gb is null"),
    ("usage", "data_gb", math.inf, "data_gb > 200"),
    ("usage", "data_gb", -math.inf, "data_gb < 0"),
    ("usage", "date", date(2025, 1, 31), "date before 2025-02-01"),
    ("usage", "date", date(2025, 4, 1), "date after 2025-03-31"),
    ("usage", "customer_id", 0, "customer_id <= 0"),
    ("customers", "signup_date", date(2025, 4, 1), "signup_date after 2025-03-31"),
    ("customers", "region", "atlantis", "region not one of centre, east, north, south, west"),
    ("customers", "region", "", "region not one of centre, east, north, south, west"),
    ("customers", "plan", "Basic", "plan not one of basic, plus, max"),
    ("customers", "contract", "ten_years", "contract not one of monthly, one_year, two_years"),
    ("customers", "monthly_charge_eur", 0.0, "monthly_charge_eur <= 0"),
    ("customers", "monthly_charge_eur", math.nan, "monthly_charge_eur is null"),
    ("customers", "monthly_charge_eur", math.inf, "monthly_charge_eur > 1000"),
    ("tickets", "opened_date", date(2025, 2, 28), "opened_date before 2025-03-01"),
    ("tickets", "opened_date", date(2025, 4, 1), "opened_date after 2025-03-31"),
    ("payments", "due_date", date(2025, 2, 28), "due_date before 2025-03-01"),
    ("payments", "status", "bounced", "status not one of paid, failed"),
    ("payments", "amount_eur", 1000.5, "amount_eur > 1000"),
    ("cancellations", "cancel_date", date(2025, 4, 1), "cancel_date after 2025-03-31"),
    ("cancellations", "customer_id", -5, "customer_id <= 0"),
]


@pytest.mark.parametrize(("table", "column", "value", "reason"), OUT_OF_BOUNDS)
def test_a_value_out_of_bounds_is_put_aside(
    clean_lake: Path, table: str, column: str, value: object, reason: str
) -> None:
    frame = frame_of(clean_lake, table)
    last = pl.int_range(pl.len()) == pl.len() - 1
    broken = frame.with_columns(
        pl.when(last).then(pl.lit(value, dtype=frame.schema[column])).otherwise(column).alias(column)
    )
    good, bad = split_by_contract(broken, table, MONTH)
    assert bad["reason"].to_list() == [reason]
    assert good.equals(frame.head(-1))


IN_BOUNDS: list[tuple[str, str, Any]] = [
    ("usage", "minutes", 0),
    ("usage", "minutes", 1440),
    ("usage", "data_gb", 0.0),
    ("usage", "data_gb", 200.0),
    ("usage", "date", date(2025, 2, 1)),
    ("usage", "date", date(2025, 3, 31)),
    ("customers", "signup_date", date(2025, 3, 31)),
    ("customers", "signup_date", date(1999, 1, 1)),
    ("customers", "monthly_charge_eur", 1000.0),
    ("payments", "due_date", date(2025, 3, 1)),
]


@pytest.mark.parametrize(("table", "column", "value"), IN_BOUNDS)
def test_a_value_at_the_bound_is_good(clean_lake: Path, table: str, column: str, value: object) -> None:
    frame = frame_of(clean_lake, table)
    last = pl.int_range(pl.len()) == pl.len() - 1
    changed = frame.with_columns(
        pl.when(last).then(pl.lit(value, dtype=frame.schema[column])).otherwise(column).alias(column)
    )
    if table == "usage" and column == "date":
        changed = changed.with_columns(pl.when(last).then(999_999).otherwise("customer_id").alias("customer_id"))
    good, bad = split_by_contract(changed, table, MONTH)
    assert bad.is_empty()
    assert good.equals(changed)


def test_a_row_that_breaks_several_rules_is_counted_once(clean_lake: Path) -> None:
    frame = frame_of(clean_lake, "usage")
    last = pl.int_range(pl.len()) == pl.len() - 1
    terrible = {"customer_id": None, "minutes": -3, "data_gb": math.nan}
    broken = frame.with_columns(
        pl.when(last).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name).alias(name)
        for name, value in terrible.items()
    )
    good, bad = split_by_contract(broken, "usage", MONTH)
    assert len(bad) == 1
    assert len(good) == len(frame) - 1


def test_of_copies_the_first_row_is_kept(clean_lake: Path) -> None:
    frame = frame_of(clean_lake, "usage")
    again = frame.head(3).with_columns(minutes=pl.lit(7, pl.Int32))
    good, bad = split_by_contract(pl.concat([frame, again]), "usage", MONTH)
    assert good.equals(frame)
    assert bad.drop("reason").equals(again)
    assert set(bad["reason"]) == {"duplicate customer_id + date"}


def test_two_bad_rows_in_a_hundred_pass_and_more_do_not(source: Path, lake: Path) -> None:
    files_of_table = sorted((source / f"month={MONTH}" / "usage").glob("*.parquet"))
    table = [pl.read_parquet(file, hive_partitioning=False) for file in files_of_table]
    allowed = int(sum(map(len, table)) * MOST_BAD_ROWS)
    for bad, closes in [(allowed, False), (allowed + 1, True)]:
        worse = pl.when(pl.int_range(pl.len()) < bad).then(-1).otherwise("minutes").cast(pl.Int32).alias("minutes")
        table[0].with_columns(worse).write_parquet(files_of_table[0])
        write_manifest(source / f"month={MONTH}")
        collect(source, lake, MONTH)
        if closes:
            with pytest.raises(ContractBroken, match=r"2.0% of the rows are bad, at most 2% may be"):
                validate(lake, MONTH)
        else:
            assert validate(lake, MONTH).rejected == {"usage": {"minutes < 0": allowed}}


@pytest.mark.parametrize("table", TABLES)
def test_a_column_of_another_type_closes_the_gate(clean_lake: Path, table: str) -> None:
    frame = frame_of(clean_lake, table)
    for column, usual in frame.schema.items():
        for other in (pl.String, pl.Float64, pl.Int16, pl.Boolean, pl.Datetime("us"), pl.List(pl.Int8)):
            if other == usual:
                continue
            strange = frame.with_columns(pl.Series(column, [None] * len(frame), dtype=other))
            with pytest.raises(
                ContractBroken, match=f"{table} {MONTH}: column {column} is .*the contract says"
            ) as closed:
                split_by_contract(strange, table, MONTH)
            assert "\n" not in str(closed.value)


def test_a_date_beyond_the_calendar_closes_the_gate_with_the_reason(clean_lake: Path) -> None:
    """Python knows no year 15659, so the row cannot even be shown."""
    frame = frame_of(clean_lake, "tickets")
    last = pl.int_range(pl.len()) == pl.len() - 1
    beyond = pl.when(last).then(5_000_000).otherwise(pl.col("opened_date").to_physical()).cast(pl.Int32).cast(pl.Date)
    with pytest.raises(ContractBroken, match=r"column opened_date cannot be judged .*year 15659 is out of range"):
        split_by_contract(frame.with_columns(opened_date=beyond), "tickets", MONTH)
