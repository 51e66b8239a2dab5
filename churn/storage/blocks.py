"""Make a table block by block, so that memory does not grow with the number of customers.

The operator cuts each table into files, and a file holds whole customers: part-00003.parquet of every table and month
has the rows of the same customers. That file name is a block. `churn/checks/cross_check.py` closes the gate on an
export that is cut in another way. An export with one file per table, all of the same name, is one block.

Polars' streaming engine does the same without blocks. For 10 million customers it takes 3.9 GB instead of 0.3 GB, and
about 1.5 times the processor time.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from churn.lake import months_of, new_partition, partition, write
from churn.storage.made_from import write_made_from


@dataclass(frozen=True)
class ValidTables:
    """The operator's valid tables, of the customers of one block or of all customers."""

    folders: dict[str, Path]  # by month, in order
    block: str = "*.parquet"

    def months_up_to(self, month: str) -> list[str]:
        return [past for past in self.folders if past <= month]

    def scan(self, table: str, months: Sequence[str]) -> pl.LazyFrame:
        """Return the rows of a table that were delivered in `months`, lazily, in the order of delivery.

        A month that is not here has no rows.
        """
        here = [self.folders[month] / table for month in months if month in self.folders]
        files = [file for folder in here for file in sorted(folder.glob(self.block))]
        if files:
            return pl.scan_parquet(files, hive_partitioning=False, glob=False)
        any_file = next((next(iter(self.folders.values())) / table).glob("*.parquet"))
        return pl.scan_parquet(any_file, hive_partitioning=False, glob=False).clear()


def valid_tables(lake: Path) -> ValidTables:
    """Return the valid tables of all customers and months."""
    return ValidTables({month: partition(lake, "valid", month) for month in months_of(lake, "valid")})


def write_in_blocks(lake: Path, table: str, month: str, stage: Callable[[ValidTables, str], pl.LazyFrame]) -> None:
    """Replace a partition of `table` by what `stage` makes of each block: a file per block, blocks side by side."""
    folders = valid_tables(lake).folders
    blocks = sorted(file.name for file in (folders[month] / "usage").glob("*.parquet"))
    with new_partition(partition(lake, table, month)) as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        write_made_from(folder, lake, table, month)

        def write_block(block: str) -> None:
            write(stage(ValidTables(folders, block), month).collect(), folder / block)

        list(threads.map(write_block, blocks))  # raises what a block raised
