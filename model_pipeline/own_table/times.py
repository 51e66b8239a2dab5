"""Read the column that a table is split by, so that it sorts by time."""

from pathlib import Path

import polars as pl

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Reading
from model_pipeline.own_table.dates import about_form, date_form, read_dates
from model_pipeline.own_table.numbers import numbers_in

PARTS_OF_YEARS = [
    r"^(?<year>[12]\d{3})(?<word>\D+)(?<number>\d{1,2})$",  # 2025-Q1, 2025-W07
    r"^(?<word>\D*)(?<number>\d{1,2})\D+(?<year>[12]\d{3})$",  # Q1 2025
]


def times_in(column: pl.Series, wanted: str, path: Path) -> tuple[pl.Series, Reading]:
    """Return the times as numbers, or as text that sorts: dates in ISO 8601, or a year with its quarter or week.

    `wanted` is the form of a date that the user chose, or empty. Raises BadInput if a value is none of these.
    """
    numbers = numbers_in(column)["point"].alias(column.name)
    if numbers.is_not_null().all() and not wanted:
        whole = (numbers == numbers.round()).all()
        return numbers.cast(pl.Int64) if whole else numbers, Reading(column.name, "time, numbers")
    form, others = (wanted, []) if "%" in wanted else date_form(column)
    dates = read_dates(column, form or "%Y-%m-%d")
    if form and dates.is_not_null().all():
        whole = (dates == dates.dt.truncate("1d")).all()
        iso = dates.dt.strftime("%Y-%m-%d %H:%M:%S" if not whole else "%Y-%m-%d" if "%d" in form else "%Y-%m")
        return iso, Reading(column.name, f"time, {form}", about_form(form, others))
    for pattern in PARTS_OF_YEARS:
        part = column.str.extract_groups(pattern).struct.unnest()
        if part["year"].is_not_null().all():
            number = part["number"].str.zfill(2 if part["number"].str.contains("..").any() else 1)
            sorting = (part["year"] + part["word"] + number).alias(column.name)
            return sorting, Reading(column.name, "time, parts of years")
    strange = column.filter(dates.is_null())[0]
    raise BadInput(f"{path}: {column.name} is no time: '{strange}' is neither a number nor a readable date")
