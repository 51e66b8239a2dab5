"""Read the files of an export, which may be missing or damaged."""

from datetime import date
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from churn.checks.parquet_footer import unpacked_bytes
from churn.checks.readable import inside
from churn.harness.errors import ContractBroken

MOST_UNPACKED_BYTES = 1_000_000_000  # a step may take 3 GB, and holds the rows of a file twice: good ones and bad ones


def files_of(raw: Path, table: str, month: str) -> list[Path]:
    """Return the Parquet files of one table, in order. Raise ContractBroken if there is none."""
    files = inside(raw / table, ".parquet")
    if not files:
        raise ContractBroken(f"{table} {month}: the table is missing")
    return files


def read_delivered(file: Path, table: str, month: str) -> pl.DataFrame:
    """Read one file of an export. Raise ContractBroken if it is damaged, or too large to be read at once."""
    try:
        unpacked = unpacked_bytes(file)
    except ValueError as error:
        raise ContractBroken(f"{table} {month}: {file.name} cannot be read as Parquet ({error})") from error
    if unpacked > MOST_UNPACKED_BYTES:
        raise ContractBroken(
            f"{table} {month}: {file.name} takes {unpacked / 1e9:,.1f} GB in memory, and a file may take "
            f"{MOST_UNPACKED_BYTES / 1e9:g}: the operator must send it in more parts"
        )
    try:
        rows = pl.read_parquet(file, hive_partitioning=False, glob=False)
    except (PolarsError, PanicException) as error:  # a damaged file can make Polars panic
        reason = str(error).splitlines()[0]
        raise ContractBroken(f"{table} {month}: {file.name} cannot be read as Parquet ({reason})") from error
    for name in rows.select(pl.col(pl.Date)).columns:
        if not rows[name].is_between(date.min, date.max).all():  # Python has no such dates and cannot show them
            raise ContractBroken(f"{table} {month}: {file.name} is damaged: {name} has dates beyond the year 9999")
    return rows
