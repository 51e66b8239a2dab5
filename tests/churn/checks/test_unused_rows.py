"""Rows of no use, by hand: which are counted, under which reason, and which cut into blocks closes the gate."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from churn.checks.cross_check import unused_rows
from churn.harness.errors import ContractBroken
from churn.lake import partition
from churn.storage.months import month_range
from tests.churn.test_point_in_time import write_valid

MONTH = "2025-04"
EARLIER = month_range("2025-01", "2025-03")
UNKNOWN = "customer_id in no customers table so far"
RULE = "a part holds whole customers, the same in every table and month; one file part-00000.parquet always does"
Rows = list[tuple[object, ...]]


def customers(*numbers: int) -> Rows:
    return [(number, date(2024, 3, 1), "east", "plus", "one_year", 30.0) for number in numbers]


def used(customer: int, *days: date) -> Rows:
    return [(customer, day, 5, 0.5) for day in days]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A customer joined in each month up to the next one. Each earlier month has a day of usage and a ticket."""
    for number, month in enumerate([*EARLIER, "2025-05"], start=1):
        day = date.fromisoformat(f"{month}-10")
        rows: dict[str, Rows] = {"usage": used(number, day), "tickets": [(number, number, day)]}
        write_valid(tmp_path / "lake", month, customers=customers(number), **(rows if number < 4 else {}))
    return tmp_path / "lake"


def export(lake: Path, **tables: Rows) -> Path:
    """Return a validated export of MONTH that is not in its place yet."""
    write_valid(lake.parent / "new", MONTH, **tables)
    return partition(lake.parent / "new", "valid", MONTH)


def second_part(folder: Path, month: str, **tables: Rows) -> None:
    """Add the customers of a second block to a month."""
    write_valid(folder / "second", month, **tables)
    for file in partition(folder / "second", "valid", month).glob("*/part-00000.parquet"):
        table = file.parent.name
        shutil.copy(file, partition(folder, "valid", month) / table / "part-00001.parquet")
    shutil.rmtree(folder / "second")


def test_rows_of_customers_who_joined_by_this_month_are_of_use(lake: Path) -> None:
    valid = export(
        lake,
        customers=customers(9),
        usage=used(1, date(2025, 4, 1)) + used(9, date(2025, 4, 30), date(2025, 3, 31)),
        tickets=[(50, 2, date(2025, 4, 2))],
        payments=[(3, date(2025, 4, 5), 30.0, "paid")],
        cancellations=[(1, date(2025, 4, 9))],
    )
    assert unused_rows(lake, valid, MONTH) == {}


def test_rows_of_customers_in_no_export_so_far_are_counted_by_table(lake: Path) -> None:
    """Customer 4 joins a month later."""
    valid = export(
        lake,
        usage=used(4, date(2025, 4, 1), date(2025, 4, 2)) + used(1, date(2025, 4, 1)),
        tickets=[(50, 77, date(2025, 4, 2))],
        payments=[(number, date(2025, 4, 5), 30.0, "paid") for number in (77, 78, 79, 1)],
        cancellations=[(number, date(2025, 4, 5)) for number in (77, 78, 79, 80)],
    )
    assert unused_rows(lake, valid, MONTH) == {
        "usage": {UNKNOWN: 2},
        "tickets": {UNKNOWN: 1},
        "payments": {UNKNOWN: 3},
        "cancellations": {UNKNOWN: 4},
    }


def test_a_row_of_an_earlier_export_is_counted_if_process_would_meet_it_again(lake: Path) -> None:
    """It looks for customers in all earlier months, for late days in the previous one, for tickets in the last two."""
    valid = export(
        lake,
        customers=customers(1, 3, 9),
        usage=[
            *used(3, date(2025, 3, 10), date(2025, 3, 11)),  # the 10th was delivered on time
            *used(2, date(2025, 2, 10)),  # too late to count at all, so not looked for
        ],
        tickets=[(number, number, date(2025, 4, 2)) for number in (1, 2, 3)],  # 1 is three months old
    )
    assert unused_rows(lake, valid, MONTH) == {
        "customers": {"customer_id of a row in an earlier export, which counts": 2},
        "usage": {"customer_id + date of a row in an earlier export, which counts": 1},
        "tickets": {"ticket_id of a row in an earlier export, which counts": 2},
    }


def test_a_row_of_two_earlier_exports_is_counted_once(lake: Path) -> None:
    shutil.rmtree(partition(lake, "valid", "2025-03"))
    write_valid(lake, "2025-03", customers=customers(1))
    assert unused_rows(lake, export(lake, customers=customers(1)), MONTH) == {
        "customers": {"customer_id of a row in an earlier export, which counts": 1}
    }


def test_a_day_of_this_month_is_no_late_one(lake: Path) -> None:
    """A row of the previous export with a date of this month would be of this month's, too."""
    shutil.rmtree(partition(lake, "valid", "2025-03"))
    write_valid(lake, "2025-03", usage=used(1, date(2025, 4, 1)))
    assert unused_rows(lake, export(lake, usage=used(1, date(2025, 4, 1))), MONTH) == {}


def test_in_the_first_month_nothing_was_delivered_before(tmp_path: Path) -> None:
    write_valid(tmp_path / "new", MONTH, customers=customers(1), usage=used(1, date(2025, 3, 31)))
    assert unused_rows(tmp_path / "lake", partition(tmp_path / "new", "valid", MONTH), MONTH) == {}


def test_counts_of_all_blocks_are_added_up(lake: Path) -> None:
    for number, month in enumerate(EARLIER, start=11):
        second_part(lake, month, customers=customers(number))
    valid = export(lake, customers=customers(1), usage=used(77, date(2025, 4, 1)))
    second_part(
        lake.parent / "new", MONTH, customers=customers(11, 12), usage=used(78, date(2025, 4, 1), date(2025, 4, 2))
    )
    assert unused_rows(lake, valid, MONTH) == {
        "customers": {"customer_id of a row in an earlier export, which counts": 3},
        "usage": {UNKNOWN: 3},
    }


@pytest.mark.parametrize("table", ["customers", "usage", "cancellations"])
def test_a_block_that_one_table_lacks_closes_the_gate(lake: Path, table: str) -> None:
    valid = export(lake)
    second_part(lake.parent / "new", MONTH)
    (valid / table / "part-00001.parquet").unlink()
    with pytest.raises(ContractBroken) as closed:
        unused_rows(lake, valid, MONTH)
    assert str(closed.value) == (
        f"export {MONTH}: {table} has no part-00001.parquet, which other tables or months have: {RULE}"
    )


def test_a_block_of_an_earlier_month_must_be_there_and_a_new_one_may_be(lake: Path) -> None:
    second_part(lake, "2025-02", customers=customers(12))
    valid = export(lake)
    with pytest.raises(ContractBroken, match=f"^export {MONTH}: customers has no part-00001.parquet, which other"):
        unused_rows(lake, valid, MONTH)
    second_part(lake.parent / "new", MONTH)
    assert unused_rows(lake, valid, MONTH) == {}


@pytest.mark.parametrize("table", ["customers", "usage"])
def test_a_customer_in_two_blocks_closes_the_gate(lake: Path, table: str) -> None:
    """Customers 2 and 3 are in the first block of earlier months. The lower number is named."""
    both = {"customers": customers(3, 2), "usage": used(3, date(2025, 4, 1)) + used(2, date(2025, 4, 1))}
    valid = export(lake)
    second_part(lake.parent / "new", MONTH, **{table: both[table]})
    with pytest.raises(ContractBroken) as closed:
        unused_rows(lake, valid, MONTH)
    assert str(closed.value) == (
        f"export {MONTH}: customer 2 has rows in part-00000.parquet and in part-00001.parquet: {RULE}"
    )
