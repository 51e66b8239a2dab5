"""Months as "YYYY-MM" strings: they sort, they name folders, and people type them."""

import re
from calendar import monthrange
from datetime import date

from churn.harness.errors import BadInput

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def parse_month(text: str) -> str:
    """Return `text` if it is a month. Raise BadInput if not."""
    if not MONTH.fullmatch(text) or not "1000" < text < "9999":  # the calendar ends soon after
        raise BadInput(f"'{text}' is not a month: write it as YYYY-MM, for example 2025-12")
    return text


def first_day(month: str) -> date:
    return date(int(month[:4]), int(month[5:]), 1)


def last_day(month: str) -> date:
    return date(int(month[:4]), int(month[5:]), days_in(month))


def days_in(month: str) -> int:
    return monthrange(int(month[:4]), int(month[5:]))[1]


def add_months(month: str, count: int) -> str:
    """Return the month `count` months later: `add_months("2025-12", 1)` is "2026-01". A negative count goes back."""
    return _month(_index(month) + count)


def month_range(first: str, last: str) -> list[str]:
    """Return all months from `first` to `last`, both included; none if `last` comes before `first`."""
    return [_month(index) for index in range(_index(first), _index(last) + 1)]


def _index(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month(index: int) -> str:
    return f"{index // 12:04d}-{index % 12 + 1:02d}"
