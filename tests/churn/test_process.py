"""Features and labels by hand: which rows count, over how many months, divided by how many days."""

import math
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from churn.harness.errors import BadInput
from churn.lake import months_of, partition
from churn.process import process
from churn.tables import LABEL
from tests.churn.small_world import features_of, rows
from tests.churn.test_point_in_time import write_valid

MONTH = "2025-03"
LONG, SHORT, LAST_DAY, GONE = 1, 2, 3, 4


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Four months up to MONTH, and the next export with late rows."""
    write_valid(
        tmp_path,
        "2024-12",
        customers=[
            (LONG, date(2024, 3, 15), "east", "plus", "one_year", 30.0),
            (GONE, date(2024, 3, 15), "west", "max", "two_years", 20.0),
        ],
        usage=[(LONG, date(2024, 12, 24), 1440, 100.0)],
        tickets=[(1, LONG, date(2024, 12, 31))],
        payments=[(LONG, date(2024, 12, 5), 30.0, "failed")],
    )
    write_valid(
        tmp_path,
        "2025-01",
        usage=[(LONG, date(2025, 1, 1), 200, 1.0), (LONG, date(2025, 1, 31), 110, 1.0)],
        tickets=[(2, LONG, date(2025, 1, 1))],
        payments=[(LONG, date(2025, 1, 5), 30.0, "failed")],
    )
    write_valid(
        tmp_path,
        "2025-02",
        customers=[(SHORT, date(2025, 2, 15), "north", "basic", "two_years", 14.0)],
        usage=[(LONG, date(2025, 2, 14), 140, 1.0), (SHORT, date(2025, 2, 20), 70, 1.0)],
        tickets=[(3, LONG, date(2025, 2, 28)), (4, SHORT, date(2025, 2, 28))],
        payments=[(LONG, date(2025, 2, 5), 30.0, "paid")],
    )
    write_valid(
        tmp_path,
        MONTH,
        customers=[(LAST_DAY, date(2025, 3, 31), "south", "max", "monthly", 40.0)],
        usage=[
            (LONG, date(2025, 2, 27), 42, 1.0),  # late: it belongs to February
            (LONG, date(2025, 3, 1), 320, 2.0),
            (LONG, date(2025, 3, 31), 200, 1.0),
            (SHORT, date(2025, 3, 9), 31, 0.62),
            (LAST_DAY, date(2025, 3, 31), 7, 0.5),
        ],
        tickets=[(3, LONG, date(2025, 3, 2)), (5, LONG, date(2025, 3, 31))],  # ticket 3 is delivered again
        payments=[(LONG, date(2025, 3, 5), 30.0, "failed"), (SHORT, date(2025, 3, 5), 14.0, "paid")],
        cancellations=[(GONE, date(2025, 3, 31))],
    )
    write_valid(
        tmp_path,
        "2025-04",
        usage=[
            (LONG, date(2025, 3, 30), 100, 0.1),  # late, and new
            (LONG, date(2025, 3, 31), 999, 9.0),  # late, and delivered before
            (LONG, date(2025, 4, 1), 500, 5.0),
        ],
        tickets=[(6, LONG, date(2025, 4, 1))],
        cancellations=[(SHORT, date(2025, 4, 1))],
    )
    return tmp_path


def features(lake: Path, month: str = MONTH) -> dict[int, dict[str, Any]]:
    process(lake, month)
    return {row["customer_id"]: row for row in features_of(lake, month).to_dicts()}


def test_the_customers_of_a_month_are_those_who_have_joined_and_not_cancelled_by_its_last_day(lake: Path) -> None:
    assert list(features(lake)) == [LONG, SHORT, LAST_DAY]
    assert list(features(lake, "2025-02")) == [LONG, SHORT, GONE]
    assert list(features(lake, "2025-01")) == [LONG, GONE]


def test_usage_is_that_dated_in_the_month_with_late_rows_and_each_day_once(lake: Path) -> None:
    found = features(lake)[LONG]
    assert found["minutes_per_day"] == pytest.approx((320 + 200 + 100) / 31)
    assert found["data_gb_per_day"] == pytest.approx(3.1 / 31)
    assert found["active_days_share"] == pytest.approx(3 / 31)


def test_the_trend_compares_with_the_two_previous_months_and_no_others(lake: Path) -> None:
    past_per_day = (200 + 110 + 140 + 42) / (31 + 28)
    assert features(lake)[LONG]["usage_trend"] == pytest.approx(math.log((20 + 1) / (past_per_day + 1)))
    assert features(lake)[SHORT]["usage_trend"] == pytest.approx(math.log((1 + 1) / (70 / 14 + 1)))
    assert features(lake)[LAST_DAY]["usage_trend"] == 0.0, "without a past"


def test_a_silent_customer_has_zeros_and_a_past_of_one_day_is_a_past(lake: Path) -> None:
    silent = features(lake, "2025-02")[GONE]
    assert (silent["minutes_per_day"], silent["data_gb_per_day"], silent["usage_trend"]) == (0.0, 0.0, 0.0)
    assert features(lake, "2025-04")[LAST_DAY]["usage_trend"] == pytest.approx(math.log((0 + 1) / (7 + 1)))


def test_days_of_service_begin_with_the_day_of_joining(lake: Path) -> None:
    new = features(lake)[LAST_DAY]
    assert (new["minutes_per_day"], new["data_gb_per_day"], new["active_days_share"]) == (7.0, 0.5, 1.0)
    assert features(lake, "2025-02")[SHORT]["minutes_per_day"] == pytest.approx(70 / 14)


def test_tickets_and_failed_payments_are_those_of_three_months_each_once(lake: Path) -> None:
    found = features(lake)
    assert {number: row["tickets_3m"] for number, row in found.items()} == {LONG: 3, SHORT: 1, LAST_DAY: 0}
    assert {number: row["failed_payments_3m"] for number, row in found.items()} == {LONG: 2, SHORT: 0, LAST_DAY: 0}


def test_months_of_tenure_and_of_the_contract(lake: Path) -> None:
    found = features(lake)
    assert {number: row["tenure_months"] for number, row in found.items()} == {LONG: 12, SHORT: 1, LAST_DAY: 0}
    assert features(lake, "2024-12")[LONG]["tenure_months"] == 9, "since March"
    left = {number: row["contract_months_left"] for number, row in found.items()}
    assert left == {LONG: 12, SHORT: 23, LAST_DAY: 0}, "a contract that ends is renewed for as long again"


def test_labels_of_the_previous_month_are_written_with_the_cancellations_of_this_one(lake: Path) -> None:
    process(lake, "2025-04")
    assert months_of(lake, "labels") == [MONTH]
    assert rows(lake, "labels", MONTH).columns == ["customer_id", "month", LABEL]
    assert rows(lake, "labels", MONTH).rows() == [(LONG, MONTH, False), (SHORT, MONTH, True), (LAST_DAY, MONTH, False)]


def test_the_first_month_has_features_and_no_earlier_labels(lake: Path) -> None:
    assert list(features(lake, "2024-12")) == [LONG, GONE]
    assert months_of(lake, "labels") == []


@pytest.mark.parametrize(("month", "missing"), [("2025-05", "2025-05"), (MONTH, "2025-01"), ("2024-11", "2024-11")])
def test_a_gap_in_the_past_is_named_with_the_stage_that_fills_it(lake: Path, month: str, missing: str) -> None:
    shutil.rmtree(partition(lake, "valid", missing), ignore_errors=True)
    with pytest.raises(BadInput, match=f"^valid of {missing} is missing in .*: run validate for {missing} first$"):
        process(lake, month)
    assert not (lake / "features").exists()
