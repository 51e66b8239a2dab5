"""Rows that keep the contract but are of no use: delivered before, or of an unknown customer."""

import os
import resource
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from churn.checks.manifest import write_manifest
from churn.checks.quality import Quality
from churn.collect import collect
from churn.lake import partition
from churn.process import process
from churn.simulator import behaviour as simulator
from churn.simulator.exports import export
from churn.simulator.faults import break_export
from churn.storage.months import first_day, last_day
from churn.validate import validate
from tests.churn.small_world import MONTHS, NEWEST, WORLD, features_of, files, rows, tables

MONTH, FOLLOWING = MONTHS[2], MONTHS[3]
PART = "part-00000.parquet"


def delivered(source: Path, month: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(source / f"month={month}" / table / PART, hive_partitioning=False)


def deliver_also(source: Path, month: str, table: str, more: pl.DataFrame) -> None:
    pl.concat([delivered(source, month, table), more]).write_parquet(source / f"month={month}" / table / PART)
    write_manifest(source / f"month={month}")


def take_in_again(source: Path, lake: Path, month: str) -> Quality:
    """Collect and validate the month again, and process all that looks back on it."""
    collect(source, lake, month)
    quality = validate(lake, month)
    for touched in MONTHS[MONTHS.index(month) - 1 :]:
        process(lake, touched)
    return quality


@pytest.mark.parametrize("change", [0, 60], ids=["copied", "with other minutes"])
def test_a_day_delivered_again_in_the_next_export_counts_once(
    source: Path, lake: Path, clean_lake: Path, change: int
) -> None:
    in_month = pl.col("date").is_between(first_day(MONTH), last_day(MONTH))
    again = delivered(source, MONTH, "usage").filter(in_month).head(40).with_columns(pl.col("minutes") + change)
    deliver_also(source, FOLLOWING, "usage", again)
    quality = take_in_again(source, lake, FOLLOWING)
    for table in ("features", "labels"):
        assert tables(lake / table) == tables(clean_lake / table)
    assert quality.rejected == {}
    assert quality.messages() == [
        f"contract: usage {FOLLOWING}: 40 rows have customer_id + date of a row in an earlier export, which counts"
    ]


def test_a_late_day_counts_when_the_row_on_time_was_bad(source: Path, lake: Path, clean_lake: Path) -> None:
    """The correction of a row that was put aside is no repetition."""
    on_time = delivered(source, MONTH, "usage").filter(pl.col("date") >= first_day(MONTH)).head(1)
    bad = (pl.col("customer_id") == on_time["customer_id"][0]) & (pl.col("date") == on_time["date"][0])
    worse = delivered(source, MONTH, "usage").with_columns(
        minutes=pl.when(bad).then(pl.lit(-1, pl.Int32)).otherwise("minutes")
    )
    worse.write_parquet(source / f"month={MONTH}" / "usage" / PART)
    write_manifest(source / f"month={MONTH}")
    assert sum(take_in_again(source, lake, MONTH).rejected["usage"].values()) == 1
    assert not features_of(lake, MONTH).equals(features_of(clean_lake, MONTH))
    deliver_also(source, FOLLOWING, "usage", on_time)
    assert take_in_again(source, lake, FOLLOWING).left_out == {}
    assert features_of(lake, MONTH).equals(features_of(clean_lake, MONTH))


def test_a_ticket_delivered_again_with_another_date_counts_once(source: Path, lake: Path, clean_lake: Path) -> None:
    again = delivered(source, MONTH, "tickets").head(3).with_columns(opened_date=first_day(FOLLOWING))
    deliver_also(source, FOLLOWING, "tickets", again)
    quality = take_in_again(source, lake, FOLLOWING)
    for month in MONTHS[:4]:  # after three months, the first date is no longer looked at
        assert features_of(lake, month).equals(features_of(clean_lake, month))
    assert quality.left_out == {"tickets": {"ticket_id of a row in an earlier export, which counts": 3}}


def test_a_customer_exported_again_is_counted(source: Path, lake: Path, clean_lake: Path) -> None:
    deliver_also(source, MONTH, "customers", delivered(source, MONTHS[0], "customers").head(2))
    quality = take_in_again(source, lake, MONTH)
    assert quality.left_out == {"customers": {"customer_id of a row in an earlier export, which counts": 2}}
    assert tables(lake / "features") == tables(clean_lake / "features")


def test_rows_of_unknown_customers_are_counted_and_change_no_feature(
    source: Path, lake: Path, clean_lake: Path
) -> None:
    stranger = 999_999
    for table, event in {
        "usage": (stranger, date(2025, 3, 9), 5, 0.5),
        "tickets": (1, stranger, date(2025, 3, 9)),
        "payments": (stranger, date(2025, 3, 9), 20.0, "failed"),
        "cancellations": (stranger, date(2025, 3, 9)),
    }.items():
        schema = delivered(source, MONTH, table).schema
        deliver_also(source, MONTH, table, pl.DataFrame([event], schema=schema, orient="row"))
    quality = take_in_again(source, lake, MONTH)
    assert tables(lake / "features") == tables(clean_lake / "features")
    assert quality.messages() == [
        f"contract: {table} {MONTH}: 1 row has customer_id in no customers table so far"
        for table in ("usage", "tickets", "payments", "cancellations")
    ]


def test_events_of_a_customer_who_was_put_aside_are_counted(source: Path, lake: Path) -> None:
    break_export(source / f"month={MONTHS[0]}", "new_plan", share=0.001)
    collect(source, lake, MONTHS[0])
    quality = validate(lake, MONTHS[0])
    put_aside = rows(lake, "quarantine", MONTHS[0], "customers")["customer_id"]
    usage = rows(lake, "valid", MONTHS[0], "usage")
    theirs = usage.filter(pl.col("customer_id").is_in(put_aside.implode()))
    assert quality.left_out["usage"] == {"customer_id in no customers table so far": len(theirs)}


def test_months_validated_in_any_order_are_valid_alike(source: Path, clean_lake: Path, tmp_path: Path) -> None:
    for month in reversed(MONTHS):
        collect(source, tmp_path / "lake", month)
        validate(tmp_path / "lake", month)
    assert files(tmp_path / "lake" / "valid") == files(clean_lake / "valid")


def test_clean_exports_leave_no_row_out(clean_lake: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(clean_lake, tmp_path / "lake"))
    assert [validate(lake, month).messages() for month in MONTHS] == [[]] * len(MONTHS)
    assert files(partition(lake, "quarantine", NEWEST)) == files(partition(clean_lake, "quarantine", NEWEST))


@pytest.mark.slow
def test_the_number_of_parts_is_not_the_number_of_open_files(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator, "CUSTOMERS_PER_BLOCK", 12)
        export(replace(WORLD, customers=500, months=1), tmp_path / "source")
    collect(tmp_path / "source", tmp_path / "lake", MONTHS[0])
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 40, hard))
    try:
        quality = validate(tmp_path / "lake", MONTHS[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(list((tmp_path / "source" / f"month={MONTHS[0]}").glob("*/*.parquet"))) > 200
    assert quality.messages() == []
