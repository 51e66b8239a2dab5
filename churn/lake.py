"""The lake: a folder per table and month, replaced as a whole or not at all.

    lake/raw/month=2025-03/usage/part-00000.parquet      what the operator delivered
    lake/features/month=2025-03/features.parquet         what we made of it

How a folder is replaced in one step: churn/storage/atomic.py.
"""

from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from churn.harness.errors import BadInput
from churn.storage.atomic import new_folder

if TYPE_CHECKING:
    import polars as pl

new_partition = new_folder  # an empty folder to write to, which replaces the old one when the block ends well


def partition(lake: Path, table: str, month: str) -> Path:
    """Return the folder of one table and month, whether it is there or not."""
    return lake / table / f"month={month}"


def months_of(lake: Path, table: str) -> list[str]:
    """Return the months that have a partition of `table`, in order."""
    return sorted(folder.name.removeprefix("month=") for folder in (lake / table).glob("month=*"))


def existing_partition(lake: Path, table: str, month: str, made_by: str) -> Path:
    """Return the partition's folder. Raise BadInput, naming the stage that makes it, if it is missing."""
    folder = partition(lake, table, month)
    if not folder.is_dir():
        raise BadInput(f"{table} of {month} is missing in {lake}: run {made_by} for {month} first")
    return folder


def scan(lake: Path, table: str, months: Sequence[str]) -> "pl.LazyFrame":
    """Return the rows of a table in these months, lazily and in order.

    `table` is a table of features, labels or predictions, or one in a folder of tables, such as "valid/usage".
    """
    import polars as pl  # not at the top: collect copies files without any package

    name, _, inside = table.partition("/")
    files = [parquet_in(partition(lake, name, month) / inside) for month in months]
    return pl.scan_parquet(files, hive_partitioning=False)


def parquet_in(folder: Path) -> str:
    """Return a pattern that names the Parquet files of a folder, even if its own path has a `[` or a `*`."""
    return f"{escape(str(folder))}/*.parquet"


def write(rows: "pl.DataFrame", file: Path) -> None:
    """Write one file of a new partition, packed fast rather than small."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(file, compression="zstd", compression_level=1)
