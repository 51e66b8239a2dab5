"""The contract, rule by rule: which rows are put aside with which reason, and what closes the gate."""

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn.checks.manifest import write_manifest
from churn.collect import collect
from churn.contract import MOST_BAD_ROWS, split_by_contract
from churn.harness.errors import ContractBroken
from churn.tables import KEYS, TABLES
from churn.validate import validate
from tests.churn.small_world import MONTHS

MONTH = MONTHS[2]
DAYS = [date(2025, 3, 1) + timedelta(day) for day in range(10)]


def frame_of(table: str) -> pl.DataFrame:
    """A few good rows of an export of MONTH."""
    number = list(range(1, 11))
    columns: dict[str, dict[str, Any]] = {
        "customers": {
            "customer_id": number,
            "signup_date": DAYS,
            "region": ["centre", "east", "north", "south", "west"] * 2,
            "plan": ["basic", "plus"] * 4 + ["max"] * 2,
            "contract": ["monthly", "one_year"] * 4 + ["two_years"] * 2,
            "monthly_charge_eur": [0.5 + 10 * row for row in number],
        },
        "usage": {
            "customer_id": [1] * 10 + [2] * 10 + [3] * 10,
            "date": DAYS * 3,
            "minutes": [8 * row for row in range(30)],
            "data_gb": [0.5 + 0.1 * row for row in range(30)],
        },
        "tickets": {"ticket_id": number, "customer_id": number, "opened_date": DAYS},
        "payments": {
            "customer_id": number,
            "due_date": DAYS,
            "amount_eur": [0.5 + 10 * row for row in number],
            "status": ["paid", "failed"] * 5,
        },
        "cancellations": {"customer_id": number, "cancel_date": DAYS},
    }
    types: dict[str, type[pl.DataType]] = {"minutes": pl.Int32, "data_gb": pl.Float32}
    return pl.DataFrame(columns[table], schema_overrides=types if table == "usage" else {})


def with_last(frame: pl.DataFrame, **values: object) -> pl.DataFrame:
    """The frame with other values in its last row."""
    last = pl.int_range(pl.len()) == pl.len() - 1
    return frame.with_columns(
        pl.when(last).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_looked_at(table: str) -> None:
    """A null anywhere is put aside, with the column's name."""
    frame = frame_of(table)
    for column in frame.columns:
        first = pl.int_range(pl.len()) == 0
        holed = frame.with_columns(pl.when(~first).then(pl.col(column)))
        good, bad = split_by_contract(holed, table, MONTH)
        assert bad["reason"].to_list() == [f"{column} is null"]
        assert good.equals(frame.slice(1))


@pytest.mark.parametrize("table", TABLES)
def test_good_rows_stay_as_they_are_and_columns_that_the_contract_does_not_name_are_left_out(table: str) -> None:
    frame = frame_of(table)
    good, bad = split_by_contract(frame.with_columns(extra=pl.lit(1)), table, MONTH)
    assert good.equals(frame)
    assert bad.is_empty()
    assert bad.schema == {"reason": pl.String, **frame.schema}
    good, bad = split_by_contract(with_last(frame, customer_id=None).with_columns(extra=pl.lit(1)), table, MONTH)
    assert good.equals(frame.head(-1))
    assert bad.schema == {"reason": pl.String, **frame.schema}


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_column_closes_the_gate_and_is_named_with_those_that_are_there(table: str) -> None:
    columns = frame_of(table).columns
    for gone in columns:
        others = [name for name in columns if name != gone]
        message = f"^{table} {MONTH}: column {gone} is missing .the export has {', '.join(others)}.$"
        with pytest.raises(ContractBroken, match=message):
            split_by_contract(frame_of(table).drop(gone), table, MONTH)


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
    ("cancellations", "cancel_date", date(2025, 2, 28), "cancel_date before 2025-03-01"),
    ("cancellations", "customer_id", -5, "customer_id <= 0"),
    ("customers", "customer_id", 0, "customer_id <= 0"),
    ("customers", "monthly_charge_eur", 1000.5, "monthly_charge_eur > 1000"),
    ("tickets", "customer_id", 0, "customer_id <= 0"),
    ("payments", "customer_id", 0, "customer_id <= 0"),
    ("payments", "amount_eur", 0.0, "amount_eur <= 0"),
    ("payments", "due_date", date(2025, 4, 1), "due_date after 2025-03-31"),
]


@pytest.mark.parametrize(("table", "column", "value", "reason"), OUT_OF_BOUNDS)
def test_a_value_out_of_bounds_is_put_aside(table: str, column: str, value: object, reason: str) -> None:
    frame = frame_of(table)
    good, bad = split_by_contract(with_last(frame, **{column: value}), table, MONTH)
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
    ("customers", "monthly_charge_eur", 0.01),
    ("customers", "monthly_charge_eur", 1000.0),
    ("payments", "due_date", date(2025, 3, 31)),
    ("payments", "amount_eur", 0.01),
    ("payments", "amount_eur", 1000.0),
    ("payments", "status", "failed"),
    ("tickets", "opened_date", date(2025, 3, 31)),
    ("cancellations", "cancel_date", date(2025, 3, 31)),
]


@pytest.mark.parametrize(("table", "column", "value"), IN_BOUNDS)
def test_a_value_at_the_bound_is_good(table: str, column: str, value: object) -> None:
    changed = with_last(frame_of(table), customer_id=999_999, **{column: value})
    good, bad = split_by_contract(changed, table, MONTH)
    assert bad.is_empty()
    assert good.equals(changed)


def test_a_row_that_breaks_several_rules_is_counted_once() -> None:
    frame = frame_of("usage")
    broken = with_last(frame, customer_id=None, minutes=-3, data_gb=math.nan)
    good, bad = split_by_contract(broken, "usage", MONTH)
    assert bad["reason"].to_list() == ["customer_id is null"]
    assert bad.drop("reason").equals(broken.tail(1))
    assert good.equals(frame.head(-1))


def test_bad_rows_keep_their_order_each_with_its_own_reason() -> None:
    broken = (
        frame_of("usage")
        .head(10)
        .with_columns(
            minutes=pl.Series([0, 1441, 0, 0, 0, 0, 0, -1, 0, 1441], dtype=pl.Int32),
            data_gb=pl.Series([-1.0, 0, 0, 0, 201, 0, 0, 0, 0, 0], dtype=pl.Float32),
        )
    )
    good, bad = split_by_contract(broken, "usage", MONTH)
    reasons = ["data_gb < 0", "minutes > 1440", "data_gb > 200", "minutes < 0", "minutes > 1440"]
    assert bad["reason"].to_list() == reasons
    assert bad["date"].to_list() == [DAYS[row] for row in (0, 1, 4, 7, 9)]
    assert good["date"].to_list() == [DAYS[row] for row in (2, 3, 5, 6, 8)]


@pytest.mark.parametrize("table", TABLES)
def test_of_copies_the_first_row_is_kept(table: str) -> None:
    key = KEYS[table]
    frame = frame_of(table)
    again = frame.head(3).with_columns(frame[name].slice(5, 3).alias(name) for name in frame.columns if name not in key)
    good, bad = split_by_contract(pl.concat([frame, again]), table, MONTH)
    assert good.equals(frame)
    assert bad.drop("reason").equals(again)
    assert set(bad["reason"]) == {f"duplicate {' + '.join(key)}"}


def usage_of(customers: int, *days: tuple[int, float]) -> pl.DataFrame:
    """Usage of so many customers, each day with the same minutes and gigabytes for all of them."""
    rows = [(number, DAYS[day], *same) for day, same in enumerate(days) for number in range(1, customers + 1)]
    schema = {"customer_id": pl.Int64, "date": pl.Date, "minutes": pl.Int32, "data_gb": pl.Float32}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("customers", "gigabytes", "found"), [(30, 40.5, 30), (30, 40.0, 0), (29, 40.5, 0), (31, 199.0, 31)]
)
def test_a_day_in_a_smaller_unit_is_put_aside_whole(customers: int, gigabytes: float, found: int) -> None:
    """Two gigabytes a day are usual. Of fewer than 30 rows a median says little."""
    export = usage_of(customers, (5, 2.0), (5, gigabytes), (5, 2.0))
    good, bad = split_by_contract(export, "usage", MONTH)
    assert bad["reason"].to_list() == ["data_gb of that day over 20 times the usual"] * found
    assert set(bad["date"]) == ({DAYS[1]} if found else set())
    assert len(good) == 3 * customers - found


def test_the_unit_is_judged_by_the_median_and_not_by_one_customer() -> None:
    export = usage_of(31, (5, 2.0), (5, 2.0))
    few = export.with_columns(
        data_gb=pl.when(pl.col("customer_id") <= 15).then(150.0).otherwise("data_gb").cast(pl.Float32)
    )
    assert split_by_contract(few, "usage", MONTH)[1].is_empty()


@pytest.mark.parametrize(("minutes", "long", "found"), [(241, 5, 0), (241, 6, 6), (240, 60, 0), (1440, 100, 100)])
def test_long_days_are_put_aside_if_too_many_are(minutes: int, long: int, found: int) -> None:
    """More than 5 of 100 rows with over four hours: these were seconds."""
    export = usage_of(100, (5, 2.0)).with_columns(
        minutes=pl.when(pl.col("customer_id") <= long).then(minutes).otherwise("minutes").cast(pl.Int32)
    )
    good, bad = split_by_contract(export, "usage", MONTH)
    assert bad["reason"].to_list() == ["minutes > 240, as do over 5% of the rows"] * found
    assert bad["customer_id"].to_list() == list(range(1, found + 1))
    assert len(good) == 100 - found


def test_rules_about_many_rows_pass_over_a_null() -> None:
    """It has its own reason already."""
    export = usage_of(30, (5, 2.0), (300, 100.0))
    for column in ("minutes", "data_gb"):
        reasons = split_by_contract(with_last(export, **{column: None}), "usage", MONTH)[1]["reason"]
        assert f"{column} is null" in set(reasons)
        assert len(reasons) == 30


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
def test_a_column_of_another_type_closes_the_gate(table: str) -> None:
    frame = frame_of(table)
    for column, usual in frame.schema.items():
        for other in (pl.String, pl.Float64, pl.Int16, pl.Boolean, pl.Datetime("us"), pl.List(pl.Int8)):
            if other == usual:
                continue
            strange = frame.with_columns(pl.Series(column, [None] * len(frame), dtype=other))
            with pytest.raises(ContractBroken) as closed:
                split_by_contract(strange, table, MONTH)
            there = strange.schema[column]
            assert str(closed.value) == f"{table} {MONTH}: column {column} is {there}, the contract says {usual}"


def test_a_date_beyond_the_calendar_closes_the_gate_with_the_reason() -> None:
    """Python knows no year 15659, so the row cannot even be shown."""
    frame = frame_of("tickets")
    last = pl.int_range(pl.len()) == pl.len() - 1
    beyond = pl.when(last).then(5_000_000).otherwise(pl.col("opened_date").to_physical()).cast(pl.Int32).cast(pl.Date)
    message = r"^tickets 2025-03: column opened_date cannot be judged by '.*': .*year 15659 is out of range"
    with pytest.raises(ContractBroken, match=message):
        split_by_contract(frame.with_columns(opened_date=beyond), "tickets", MONTH)
