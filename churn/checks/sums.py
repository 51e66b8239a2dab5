"""Add up one month's valid rows: what completeness is judged by, without reading the rows of earlier months again.

    lake/valid/month=2025-03/sums.json       a few kilobytes, for any number of customers

The sums depend on the month's own rows alone, so they are the same in whichever order months are validated.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from churn.storage.months import days_in, first_day

MOST_SAMPLED = 20_000  # rows of a file, evenly spread, to count the values of a column: its share to half a point


@dataclass
class TableSums:
    """The sums of one table of one month. Those of its files add up, because a file holds whole customers."""

    days: list[int]  # rows by day of the month, the 1st first
    before: int = 0  # rows dated before the month
    customers: int = 0  # different ones
    totals: dict[str, int] = field(default_factory=dict)  # of a numeric column, in thousandths
    sampled: int = 0  # rows whose values are counted
    values: dict[str, dict[str, int]] = field(default_factory=dict)  # the words of a column, or its commonest number

    @property
    def in_month(self) -> int:
        return sum(self.days)

    @property
    def rows(self) -> int:
        return self.in_month + self.before

    def add(self, rows: pl.DataFrame, month: str) -> None:
        """Add the rows of one file."""
        date = rows.select(pl.col(pl.Date)).columns[0]  # each table has one
        for day, count in rows[date].value_counts().iter_rows():
            if day >= first_day(month):
                self.days[day.day - 1] += count
            else:
                self.before += count
        self.customers += rows["customer_id"].n_unique()
        measured = [name for name in rows.columns if not name.endswith("_id") and name != date]
        for name in measured:
            if rows.schema[name].is_numeric():
                total = rows[name].cast(pl.Float64).sum()
                self.totals[name] = self.totals.get(name, 0) + round(1000 * total)
        sample = rows.gather_every(max(1, len(rows) // MOST_SAMPLED))
        self.sampled += len(sample)
        for name in measured:
            counts = sample[name].value_counts().sort("count", name, descending=[True, False])
            kept = counts.head(1) if rows.schema[name].is_numeric() else counts
            self.values[name] = dict(Counter(self.values.get(name, {})) + Counter({str(v): n for v, n in kept.rows()}))


Sums = dict[str, TableSums]  # by table


def add_rows(sums: Sums, table: str, rows: pl.DataFrame, month: str) -> None:
    """Add the valid rows of one file of a table to the month's sums."""
    sums.setdefault(table, TableSums([0] * days_in(month))).add(rows, month)


def write_sums(folder: Path, sums: Sums) -> None:
    """Write sums.json of a new partition of `valid`."""
    (folder / "sums.json").write_text(json.dumps({table: asdict(of) for table, of in sums.items()}), encoding="utf-8")


def read_sums(folder: Path) -> Sums | None:
    """Read sums.json of a partition of `valid`; None if the partition is missing, or is older than this file."""
    record = folder / "sums.json"
    if not record.is_file():
        return None
    return {table: TableSums(**of) for table, of in json.loads(record.read_text(encoding="utf-8")).items()}
