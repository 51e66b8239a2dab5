"""Nothing from the future: a month's features come from rows dated up to its end, its labels from the month after."""

import itertools
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from churn.harness.errors import BadInput
from churn.lake import months_of, partition
from churn.process import process
from churn.storage.atomic import sha256_of
from churn.storage.checksums import write_checksums
from churn.storage.months import add_months, first_day, last_day
from tests.churn.small_world import MONTHS, NEWEST, features_of, files, rows, take_in

MONTH = MONTHS[2]
FOLLOWING = MONTHS[3]


def features_bytes(lake: Path, month: str) -> dict[str, str]:
    """The digest of each table; made_from.json, which also names what changed no feature, is left aside."""
    folder = partition(lake, "features", month)
    assert list(folder.glob("*.parquet"))
    return {file.name: sha256_of(file) for file in folder.glob("*.parquet")}


def first_months_only(lake: Path, newest: str) -> None:
    """Take away all that came after `newest`."""
    for table in ("raw", "valid", "quarantine", "features", "labels"):
        for month in months_of(lake, table):
            if month > newest:
                shutil.rmtree(partition(lake, table, month))


def change(lake: Path, table: str, month: str, rows: pl.Expr | None, **columns: pl.Expr) -> None:
    """Rewrite the rows of a valid table; `rows` says which stay."""
    for file in (partition(lake, "valid", month) / table).glob("*.parquet"):
        frame = pl.read_parquet(file, hive_partitioning=False).with_columns(**columns)
        (frame if rows is None else frame.filter(rows)).write_parquet(file)


def test_rows_dated_after_the_months_end_change_no_byte_of_its_features(lake: Path) -> None:
    before = features_bytes(lake, MONTH)
    for later in MONTHS[3:]:
        dated_later = pl.col("date") >= first_day(FOLLOWING)
        zero = pl.when(dated_later).then(0)
        change(lake, "usage", later, None, minutes=zero.otherwise("minutes"), data_gb=zero.otherwise("data_gb"))
        change(lake, "tickets", later, pl.col("ticket_id") < 0)
        change(lake, "payments", later, None, status=pl.lit("failed"))
        change(lake, "cancellations", later, pl.col("customer_id") < 0)
        change(lake, "customers", later, None, plan=pl.lit("max"))
    process(lake, MONTH)
    assert features_bytes(lake, MONTH) == before
    process(lake, NEWEST)
    assert features_bytes(lake, NEWEST) != before, "the rows above do matter to later months"


def test_a_month_without_a_future_has_the_features_of_one_whose_late_rows_were_none(lake: Path) -> None:
    first_months_only(lake, MONTH)
    process(lake, MONTH)
    alone = features_of(lake, MONTH)
    shutil.copytree(partition(lake, "valid", MONTH), partition(lake, "valid", FOLLOWING))
    change(lake, "usage", FOLLOWING, pl.col("customer_id") < 0)
    for table in ("customers", "tickets", "payments", "cancellations"):
        change(lake, table, FOLLOWING, pl.col("customer_id") < 0)
    process(lake, MONTH)
    assert features_of(lake, MONTH).equals(alone)


def test_late_rows_restate_the_month_as_if_they_had_been_on_time(lake: Path, source: Path) -> None:
    first_months_only(lake, MONTH)
    process(lake, MONTH)
    too_early = features_bytes(lake, MONTH)
    take_in(source, lake, FOLLOWING)
    restated = features_bytes(lake, MONTH)
    assert restated != too_early

    for file in (partition(lake, "valid", FOLLOWING) / "usage").glob("*.parquet"):
        on_time = partition(lake, "valid", MONTH) / "usage" / file.name
        delivered = pl.read_parquet(file, hive_partitioning=False)
        late = pl.col("date") <= last_day(MONTH)
        assert delivered.filter(late).height > 0
        whole = pl.concat([pl.read_parquet(on_time, hive_partitioning=False), delivered.filter(late)])
        whole.sort("customer_id", "date").write_parquet(on_time)
        delivered.filter(~late).write_parquet(file)
    process(lake, MONTH)
    assert features_bytes(lake, MONTH) == restated
    first_months_only(lake, MONTH)
    process(lake, MONTH)
    assert features_bytes(lake, MONTH) == restated, "on time, they need no following month"


def test_features_do_not_depend_on_the_order_of_the_rows(lake: Path) -> None:
    before = features_bytes(lake, MONTH)
    for month in MONTHS:
        for file in partition(lake, "valid", month).glob("*/*.parquet"):
            frame = pl.read_parquet(file, hive_partitioning=False)
            frame.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(file)
    process(lake, MONTH)
    assert features_bytes(lake, MONTH) == before


def test_labels_are_the_next_months_cancellations_of_those_still_there(clean_lake: Path) -> None:
    for month, following in itertools.pairwise(MONTHS):
        labels = rows(clean_lake, "labels", month)
        left = set(rows(clean_lake, "valid", following, "cancellations")["customer_id"])
        there = set(rows(clean_lake, "features", month)["customer_id"])
        assert set(labels["customer_id"]) == there
        assert set(labels.filter("churned")["customer_id"]) == left & there
        assert left & there
        assert left - there == left & set(rows(clean_lake, "valid", following, "customers")["customer_id"])


def test_labels_are_known_one_month_later(lake: Path, clean_lake: Path) -> None:
    assert months_of(clean_lake, "features") == MONTHS
    assert months_of(clean_lake, "labels") == MONTHS[:-1]
    with pytest.raises(BadInput, match=f"valid of {add_months(NEWEST, 1)} is missing in .*: run validate for"):
        process(lake, add_months(NEWEST, 1))
    assert months_of(lake, "labels") == MONTHS[:-1]


def test_a_month_with_a_hole_in_its_past_is_refused(lake: Path) -> None:
    before = files(lake / "features")
    shutil.rmtree(partition(lake, "valid", MONTHS[1]))
    with pytest.raises(BadInput, match=f"valid of {MONTHS[1]} is missing in .*: run validate for {MONTHS[1]} first"):
        process(lake, MONTH)
    assert files(lake / "features") == before


def test_a_month_nobody_has_validated_is_refused(lake: Path) -> None:
    with pytest.raises(BadInput, match="valid of 2025-06 is missing"):
        process(lake, "2025-06")
    assert not partition(lake, "features", "2025-06").exists()


def write_valid(lake: Path, month: str, **tables: list[tuple[object, ...]]) -> None:
    """A month of a hand-made operator: a table's missing columns do not matter to features."""
    columns = {
        "customers": ["customer_id", "signup_date", "region", "plan", "contract", "monthly_charge_eur"],
        "usage": ["customer_id", "date", "minutes", "data_gb"],
        "tickets": ["ticket_id", "customer_id", "opened_date"],
        "payments": ["customer_id", "due_date", "amount_eur", "status"],
        "cancellations": ["customer_id", "cancel_date"],
    }
    kinds: dict[str, type[pl.DataType]] = {
        "customer_id": pl.Int64,
        "ticket_id": pl.Int64,
        "minutes": pl.Int32,
        "data_gb": pl.Float32,
    }
    kinds |= {"monthly_charge_eur": pl.Float64, "amount_eur": pl.Float64}
    kinds |= {name: pl.Date for names in columns.values() for name in names if name.endswith("_date") or name == "date"}
    for table, names in columns.items():
        schema = {name: kinds.get(name, pl.String) for name in names}
        file = partition(lake, "valid", month) / table / "part-00000.parquet"
        file.parent.mkdir(parents=True)
        pl.DataFrame(tables.get(table, []), schema=schema, orient="row").write_parquet(file)
    write_checksums(partition(lake, "valid", month))


def test_each_feature_by_hand(tmp_path: Path) -> None:
    old, new, gone, silent = 1, 2, 3, 4
    write_valid(
        tmp_path,
        "2025-01",
        customers=[
            (old, date(2023, 12, 31), "east", "plus", "two_years", 30.0),
            (gone, date(2024, 5, 5), "west", "basic", "monthly", 12.0),
            (silent, date(2024, 3, 1), "west", "max", "one_year", 40.0),
        ],
        usage=[(old, date(2025, 1, 10), 310, 1.0), (gone, date(2025, 1, 3), 5, 0.0)],
        tickets=[(10, old, date(2025, 1, 1))],
        payments=[(old, date(2025, 1, 5), 30.0, "failed")],
    )
    write_valid(
        tmp_path,
        "2025-02",
        customers=[(new, date(2025, 2, 15), "north", "basic", "monthly", 14.0)],
        usage=[
            (old, date(2025, 2, 1), 100, 0.25),
            (old, date(2025, 2, 28), 180, 0.5),
            (new, date(2025, 2, 20), 28, 14.0),
        ],
        tickets=[(11, old, date(2025, 2, 28)), (12, new, date(2025, 2, 15))],
        payments=[(old, date(2025, 2, 5), 30.0, "paid"), (new, date(2025, 2, 16), 14.0, "failed")],
        cancellations=[(gone, date(2025, 2, 1))],
    )
    write_valid(tmp_path, "2025-03", usage=[(old, date(2025, 2, 27), 0, 2.05), (old, date(2025, 3, 1), 999, 9.0)])
    process(tmp_path, "2025-02")
    features = {row["customer_id"]: row for row in features_of(tmp_path, "2025-02").to_dicts()}
    assert list(features) == [old, new, silent]
    assert features[old] == {
        "customer_id": old,
        "month": "2025-02",
        "monthly_charge_eur": 30.0,
        "tenure_months": 14,
        "contract_months_left": 10,
        "minutes_per_day": 10.0,
        "data_gb_per_day": pytest.approx(0.1),
        "active_days_share": pytest.approx(3 / 28),
        "usage_trend": pytest.approx(0.0),  # 310 minutes in 31 days, 280 in 28
        "tickets_3m": 2,
        "failed_payments_3m": 1,
        "region": "east",
        "plan": "plus",
        "contract": "two_years",
    }
    assert features[new]["tenure_months"] == 0
    assert features[new]["contract_months_left"] == 0
    assert features[new]["minutes_per_day"] == 2.0  # 14 days of service
    assert features[new]["data_gb_per_day"] == 1.0
    assert features[new]["usage_trend"] == 0.0
    assert (features[new]["tickets_3m"], features[new]["failed_payments_3m"]) == (1, 1)
    assert features[silent]["contract_months_left"] == 1
    assert features[silent]["minutes_per_day"] == features[silent]["active_days_share"] == 0.0
    labels = rows(tmp_path, "labels", "2025-01").sort("customer_id")
    assert labels.rows() == [(old, "2025-01", False), (gone, "2025-01", True), (silent, "2025-01", False)]


def test_a_customer_exported_again_keeps_the_first_export(lake: Path) -> None:
    before = features_bytes(lake, MONTH)
    part = "customers/part-00000.parquet"
    known = pl.read_parquet(partition(lake, "valid", MONTHS[0]) / part, hive_partitioning=False).head(5)
    file = partition(lake, "valid", MONTH) / part
    again = known.with_columns(plan=pl.lit("max"), monthly_charge_eur=1.0)
    pl.concat([again, pl.read_parquet(file, hive_partitioning=False)]).write_parquet(file)
    process(lake, MONTH)
    assert features_bytes(lake, MONTH) == before
