"""A hole in an export closes the gate or warns, by the months before it; a clean year never does."""

import logging
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from churn.checks import completeness
from churn.checks.completeness import FEWEST_MONTHS, MOST_MONTHS, Finding, judge, sums_before
from churn.checks.manifest import write_manifest
from churn.checks.quality import read_quality
from churn.checks.sums import Sums, add_rows
from churn.collect import collect
from churn.harness.errors import ContractBroken
from churn.lake import partition
from churn.simulator.behaviour import simulate
from churn.simulator.exports import export_tables
from churn.simulator.world import World
from churn.storage.months import days_in, last_day
from churn.validate import validate
from tests.churn.small_world import MONTHS, NEWEST, files

Tables = dict[str, pl.DataFrame]
SEEDS_NOT_TUNED_ON = range(1000, 1020)


def year_of(world: World) -> dict[str, Tables]:
    """The tables of each export, without a file."""
    previous, exports = None, {}
    for record in simulate(world, block=0):
        exports[record.month] = export_tables(record, previous)
        previous = record
    return exports


def sums_of(tables: Tables, month: str) -> Sums:
    sums: Sums = {}
    for table, rows in tables.items():
        add_rows(sums, table, rows, month)
    return sums


def findings_of_a_year(exports: dict[str, Tables]) -> list[Finding]:
    months = list(exports)
    sums = {month: sums_of(tables, month) for month, tables in exports.items()}
    return [
        finding
        for index, month in enumerate(months)
        for finding in judge(month, sums[month], [sums[past] for past in months[:index][-MOST_MONTHS:]])
    ]


@pytest.fixture(scope="module")
def exports() -> dict[str, Tables]:
    return year_of(World(customers=2000, months=9, seed=5))


@pytest.fixture(scope="module")
def before(exports: dict[str, Tables]) -> list[Sums]:
    """The sums of all months but the newest."""
    return [sums_of(exports[month], month) for month in list(exports)[:-1]]


def findings(exports: dict[str, Tables], before: list[Sums], damage: Callable[[Tables], Tables]) -> list[Finding]:
    """Judge the newest month, damaged."""
    newest = list(exports)[-1]
    return list(judge(newest, sums_of(damage(exports[newest]), newest), before[-MOST_MONTHS:]))


def only(table: str, which: pl.Expr) -> Callable[[Tables], Tables]:
    return lambda tables: {**tables, table: tables[table].filter(which)}


def changed(table: str, **columns: pl.Expr) -> Callable[[Tables], Tables]:
    return lambda tables: {**tables, table: tables[table].with_columns(**columns)}


EVERY_SECOND = pl.int_range(pl.len()) % 2 == 0
HALF_OF_THE_CUSTOMERS = pl.col("customer_id") % 2 == 0
CLOSES: list[tuple[Callable[[Tables], Tables], str]] = [
    (only("usage", EVERY_SECOND), "usage 2025-09: rows per customer: 5"),
    (only("usage", pl.int_range(pl.len()) % 8 > 0), "usage 2025-09: rows per customer: 1"),
    (only("usage", HALF_OF_THE_CUSTOMERS), "usage 2025-09: customers with usage: 5"),
    (only("usage", pl.col("customer_id") % 8 > 0), "usage 2025-09: customers with usage: 1"),
    (
        only("usage", pl.col("date") <= date(2025, 9, 15)),
        "usage 2025-09: hardly any rows from 2025-09-16 to 2025-09-30",
    ),
    (only("usage", pl.col("date") <= date(2025, 9, 29)), "hardly any rows on 2025-09-30"),
    (only("usage", pl.col("date") != date(2025, 9, 9)), "hardly any rows on 2025-09-09"),
    (changed("usage", date=pl.col("date") - timedelta(days=1)), "usage 2025-09: hardly any rows on 2025-09-30"),
    (only("usage", ~pl.col("date").is_between(date(2025, 9, 1), date(2025, 9, 2))), "from 2025-09-01 to 2025-09-02"),
    (changed("usage", minutes=pl.col("minutes") * 0), "usage 2025-09: minutes per row: 100% fewer"),
    (changed("usage", data_gb=pl.lit(0.4, pl.Float32)), "rows without the commonest data_gb: 100% fewer"),
    (
        changed("usage", minutes=pl.when(HALF_OF_THE_CUSTOMERS).then(0).otherwise("minutes").cast(pl.Int32)),
        "usage 2025-09: minutes per row: 5",
    ),
    (only("payments", EVERY_SECOND), "payments 2025-09: rows: 50% fewer"),
    (only("payments", pl.col("due_date") <= date(2025, 9, 15)), "hardly any rows from 2025-09-16 to 2025-09-28"),
    (changed("payments", status=pl.lit("paid")), "payments 2025-09: rows without the commonest status: "),
    (only("tickets", pl.int_range(pl.len()) % 4 == 0), "tickets 2025-09: rows: 7"),
    (
        only("tickets", pl.col("opened_date") <= date(2025, 9, 15)),
        "tickets 2025-09: hardly any rows from 2025-09-16 to 2025-09-30",
    ),
    (only("cancellations", pl.int_range(pl.len()) % 9 == 0), "cancellations 2025-09: rows: "),
    (changed("customers", region=pl.lit("north")), "customers 2025-09: rows without the commonest region: 100% fewer"),
]
WARNS: list[tuple[Callable[[Tables], Tables], str]] = [
    (only("customers", pl.int_range(pl.len()) % 3 == 0), "customers 2025-09: rows: 6"),
    (
        changed("customers", signup_date=pl.col("signup_date") - pl.duration(days=EVERY_SECOND * 40)),
        "sign-ups before the month",
    ),
    (only("usage", pl.col("date") >= date(2025, 9, 1)), "usage 2025-09: rows of the previous month: "),
    (changed("usage", minutes=pl.col("minutes") * 2), "usage 2025-09: minutes per row: 9"),
    (only("payments", pl.col("due_date") != date(2025, 9, 9)), "payments 2025-09: hardly any rows on 2025-09-09"),
]


@pytest.mark.parametrize(("damage", "sentence"), CLOSES, ids=[sentence for _, sentence in CLOSES])
def test_a_hole_closes_the_gate(
    exports: dict[str, Tables], before: list[Sums], damage: Callable[[Tables], Tables], sentence: str
) -> None:
    found = findings(exports, before, damage)
    assert any(sentence in text for closes, text in found if closes), found


@pytest.mark.parametrize(("damage", "sentence"), WARNS, ids=[sentence for _, sentence in WARNS])
def test_what_a_business_can_change_is_a_warning(
    exports: dict[str, Tables], before: list[Sums], damage: Callable[[Tables], Tables], sentence: str
) -> None:
    found = findings(exports, before, damage)
    assert any(sentence in text for _, text in found), found
    assert not [text for closes, text in found if closes]


@pytest.mark.parametrize(
    ("which", "closes", "sentence"),
    [
        (pl.col("date") <= date(2025, 9, 15), True, "hardly any rows from 2025-09-16 to 2025-09-30"),
        (~pl.col("date").is_between(date(2025, 9, 9), date(2025, 9, 11)), True, "from 2025-09-09 to 2025-09-11"),
        (pl.col("date") >= date(2025, 9, 10), False, "hardly any rows from 2025-09-01 to 2025-09-09"),
    ],
    ids=["cut short", "three days are missing", "begins late"],
)
def test_a_first_month_is_judged_by_its_own_days(
    exports: dict[str, Tables], before: list[Sums], which: pl.Expr, closes: bool, sentence: str
) -> None:
    for history in (before[:0], before[1 - FEWEST_MONTHS :]):
        (found,) = findings(exports, history, only("usage", which))
        assert found.closes is closes
        assert sentence in found.sentence


def test_too_little_history_is_silent_about_the_rest(exports: dict[str, Tables], before: list[Sums]) -> None:
    damage = only("usage", EVERY_SECOND)
    assert findings(exports, before[1 - FEWEST_MONTHS :], damage) == []
    assert findings(exports, before[-FEWEST_MONTHS:], damage) != []


@pytest.mark.slow
def test_a_gap_ends_the_history(lake: Path) -> None:
    assert len(sums_before(lake, NEWEST)) == len(MONTHS) - 1
    (partition(lake, "valid", MONTHS[1]) / "sums.json").unlink()  # as in a lake from before there were sums
    assert len(sums_before(lake, NEWEST)) == len(MONTHS) - 3


def test_more_customers_who_are_as_active_are_a_warning_at_most(exports: dict[str, Tables], before: list[Sums]) -> None:
    """The operator buys another one of its size, whose customers sign up on one day."""

    def with_twins(tables: Tables) -> Tables:
        twins = {name: rows.with_columns(pl.col("customer_id") + 10**6) for name, rows in tables.items()}
        ids = twins["usage"].select(pl.col("customer_id").unique())
        joiner = tables["customers"].head(1).drop("customer_id").with_columns(signup_date=last_day("2025-09"))
        twins["customers"] = ids.join(joiner, how="cross").select(tables["customers"].columns)
        return {name: pl.concat([rows, twins[name]]) for name, rows in tables.items()}

    found = findings(exports, before, with_twins)
    assert any("customers 2025-09: rows: many more than usual" in text for _, text in found)
    assert [text for closes, text in found if closes] == []


def test_a_world_without_rows_on_every_day_is_not_closed(exports: dict[str, Tables]) -> None:
    """One source reports usage once a month, another on working days, which a holiday is not."""
    monthly = {
        month: changed("usage", date=pl.lit(last_day(month)))(only("usage", pl.col("date").dt.day() == 9)(tables))
        for month, tables in exports.items()
    }
    assert [text for _, text in findings_of_a_year(monthly) if "hardly" in text] == []
    working = pl.col("date").dt.weekday() <= 5
    on_working_days = {month: only("usage", working)(tables) for month, tables in exports.items()}
    assert [text for _, text in findings_of_a_year(on_working_days) if "hardly" in text] == []
    holiday = only("usage", working & (pl.col("date") != date(2025, 9, 9)))
    sums = [sums_of(tables, month) for month, tables in on_working_days.items()]
    found = findings(on_working_days, sums[:-1], holiday)
    on_the_holiday = [finding for finding in found if "hardly" in finding.sentence]
    assert [closes for closes, _ in on_the_holiday] == [False]


def test_a_clean_world_is_never_doubted_quickly() -> None:
    assert findings_of_a_year(year_of(World(customers=600, seed=1))) == []


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("customers", [1000, 10_000])
@pytest.mark.parametrize("seed", SEEDS_NOT_TUNED_ON)
def test_a_clean_world_is_never_doubted(customers: int, seed: int) -> None:
    assert findings_of_a_year(year_of(World(customers=customers, seed=seed))) == []


def halve_usage(source: Path) -> None:
    for file in (source / f"month={NEWEST}" / "usage").glob("*.parquet"):
        pl.read_parquet(file, hive_partitioning=False).gather_every(2).write_parquet(file)
    write_manifest(source / f"month={NEWEST}")  # the operator lost the rows itself, and lists what is left


def test_half_an_export_stops_everything_and_says_what_to_do(source: Path, lake: Path) -> None:
    before = files(lake / "valid")
    halve_usage(source)
    collect(source, lake, NEWEST)
    with pytest.raises(ContractBroken, match=r"rows per customer: 5\d% fewer than usual .* CONFIRMED_MONTHS in"):
        validate(lake, NEWEST)
    assert files(lake / "valid") == before
    assert "rows per customer" in read_quality(lake, NEWEST).problems[0]


def test_a_month_that_the_operator_confirms_is_let_through_and_logged(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(completeness, "CONFIRMED_MONTHS", frozenset({NEWEST}))
    halve_usage(source)
    collect(source, lake, NEWEST)
    quality = validate(lake, NEWEST)
    assert any("rows per customer" in doubt for doubt in quality.doubts)
    assert quality.messages() == [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert read_quality(lake, NEWEST) == quality


def test_the_sums_of_files_are_the_sums_of_the_table(exports: dict[str, Tables]) -> None:
    month = list(exports)[-1]
    for table, rows in exports[month].items():
        whole: Sums = {}
        parts: Sums = {}
        add_rows(whole, table, rows, month)
        for odd in (0, 1):
            add_rows(parts, table, rows.filter(pl.col("customer_id") % 2 == odd), month)
        for sums in (whole[table], parts[table]):
            assert sums.rows == len(rows)
            assert len(sums.days) == days_in(month)
        assert (whole[table].days, whole[table].customers, whole[table].totals) == (
            parts[table].days,
            parts[table].customers,
            parts[table].totals,
        )
