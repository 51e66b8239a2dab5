"""Faults of an export, by name. All of these have happened to someone.

    break_export(Path("runs/world/…/source/month=2025-09"), "mb_for_gb")

A fault changes one table of one month's export in place. The same seed breaks it the same way.
Most faults happen at the operator, before it writes the manifest. The manifest agrees with the broken table, so only
the contract can object. A fault on the way happens later, and `collect` sees that the manifest disagrees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from churn.checks.manifest import MANIFEST, write_manifest
from churn.harness.errors import BadInput
from churn.tables import TABLES

DATE_COLUMNS = {
    "customers": "signup_date",
    "usage": "date",
    "tickets": "opened_date",
    "payments": "due_date",
    "cancellations": "cancel_date",
}


@dataclass(frozen=True)
class Part:
    """One file of an export, about to be broken."""

    rows: pl.DataFrame
    file: Path
    table: str
    export: Path
    share: float  # of the rows, where a fault touches some of them; always at least one row
    rng: np.random.Generator

    def some(self) -> pl.Series:
        """True for the chosen rows."""
        count = min(len(self.rows), max(1, round(len(self.rows) * self.share)))
        chosen = np.zeros(len(self.rows), bool)
        chosen[self.rng.choice(len(self.rows), count, replace=False)] = True
        return pl.Series(chosen)

    def with_some(self, column: str, value: object) -> pl.DataFrame:
        """`column` replaced by `value` in the chosen rows."""
        replacement = value if isinstance(value, pl.Expr) else pl.lit(value, dtype=self.rows.schema[column])
        return self.rows.with_columns(pl.when(self.some()).then(replacement).otherwise(column).alias(column))


def duplicate_rows(part: Part) -> pl.DataFrame:
    """The export job was retried after a time-out, and a batch of rows was written twice."""
    return pl.concat([part.rows, part.rows.filter(part.some())])


def null_ids(part: Part) -> pl.DataFrame:
    """A join in the billing system lost its partner, and the customer's id came out empty."""
    return part.with_some("customer_id", None)


def future_dated_row(part: Part) -> pl.DataFrame:
    """A device with a wrong clock reports from years ahead."""
    return part.with_some(DATE_COLUMNS[part.table], date(2099, 1, 1))


def missing_table(part: Part) -> None:
    """The transfer was interrupted; nobody noticed, because the other four tables were there."""


def half_table(part: Part) -> pl.DataFrame:
    """A spreadsheet on the way held only half of the rows, and nobody saw the others go."""
    return part.rows.head(len(part.rows) // 2)


def cut_file(part: Part) -> bytes:
    """The connection broke in the middle of a file, and the job did not look at the exit code."""
    return part.file.read_bytes()[: part.file.stat().st_size // 2]


def empty_table(part: Part) -> pl.DataFrame:
    """The query ran before the nightly load had finished: the right columns, no rows, exit code 0."""
    return part.rows.clear()


def renamed_column(part: Part) -> pl.DataFrame:
    """The operator's team tidied up its column names, and told the three teams that it knew of."""
    column = part.rows.columns[int(part.rng.integers(len(part.rows.columns)))]
    return part.rows.rename({column: column.upper()})


def leaking_column(part: Part) -> pl.DataFrame:
    """A helpful colleague adds what only the retention desk knows: who has announced that they will leave."""
    knows = part.rng.random(len(part.rows)) < part.share
    return part.rows.with_columns(wants_to_leave=pl.Series(knows))


def negative_minutes(part: Part) -> pl.DataFrame:
    """Credits for dropped calls are booked as calls of negative length."""
    return part.with_some("minutes", -1 - pl.col("minutes"))


def mb_for_gb(part: Part) -> pl.DataFrame:
    """For one day a new version of the billing mediation reports megabytes; then it is rolled back."""
    days = part.rows["date"].value_counts(sort=True)["date"].head(20).sort()  # the month's own days, not the late ones
    day = days[int(part.rng.integers(len(days)))]
    megabytes = (pl.col("data_gb") * 1000).cast(pl.Float32)
    return part.rows.with_columns(data_gb=pl.when(pl.col("date") == day).then(megabytes).otherwise("data_gb"))


def seconds_for_minutes(part: Part) -> pl.DataFrame:
    """One region's new switch counts calls in seconds."""
    files = sorted(part.export.parent.glob("month=*/customers/*.parquet"))
    customers = pl.read_parquet(files, hive_partitioning=False, glob=False)
    regions = customers["region"].unique().sort()
    region = regions[int(part.rng.integers(len(regions)))]
    there = customers.filter(pl.col("region") == region)["customer_id"].implode()
    odd_seconds = pl.Series(part.rng.integers(0, 60, len(part.rows)), dtype=pl.Int32)
    seconds = pl.when(pl.col("customer_id").is_in(there)).then(pl.col("minutes") * 60 + odd_seconds)
    return part.rows.with_columns(minutes=seconds.otherwise("minutes"))


def cut_month(part: Part) -> pl.DataFrame:
    """The export job stopped in the middle of the month, and nobody noticed: the manifest counts what there is."""
    return part.rows.filter(pl.col("date").dt.day() <= 15)


def new_plan(part: Part) -> pl.DataFrame:
    """Marketing launched a plan that nobody announced."""
    return part.with_some("plan", "family")


@dataclass(frozen=True)
class Fault:
    """A fault: what it makes of a file (None: the file is gone), which tables have it, and where it happens."""

    change: Callable[[Part], pl.DataFrame | bytes | None]
    tables: tuple[str, ...] = TABLES
    on_the_way: bool = False  # else at the operator


FAULTS = {
    "duplicate_rows": Fault(duplicate_rows),
    "null_ids": Fault(null_ids),
    "future_dated_row": Fault(future_dated_row),
    "missing_table": Fault(missing_table, on_the_way=True),
    "half_table": Fault(half_table, on_the_way=True),
    "cut_file": Fault(cut_file, on_the_way=True),
    "empty_table": Fault(empty_table),
    "renamed_column": Fault(renamed_column),
    "leaking_column": Fault(leaking_column),
    "negative_minutes": Fault(negative_minutes, ("usage",)),
    "mb_for_gb": Fault(mb_for_gb, ("usage",)),
    "seconds_for_minutes": Fault(seconds_for_minutes, ("usage",)),
    "new_plan": Fault(new_plan, ("customers",)),
    "cut_month": Fault(cut_month, ("usage",)),
}


def break_export(export: Path, fault: str, table: str | None = None, share: float = 0.01, seed: int = 0) -> None:
    """Break one table of the export in folder `export`, by default the fault's first. `share` of the rows change.

    Raises BadInput for an unknown fault, or a table that the fault never changes.
    """
    if fault not in FAULTS:
        raise BadInput(f"there is no fault '{fault}': choose one of {', '.join(FAULTS)}")
    chosen = FAULTS[fault]
    table = table or chosen.tables[0]
    if table not in chosen.tables:
        raise BadInput(f"{fault} does not happen to {table}: choose one of {', '.join(chosen.tables)}")
    rng = np.random.default_rng(seed)
    for file in sorted((export / table).glob("*.parquet")):
        rows = pl.read_parquet(file, hive_partitioning=False, glob=False)
        broken = chosen.change(Part(rows, file, table, export, share, rng))
        if broken is None:
            file.unlink()
        elif isinstance(broken, bytes):
            file.write_bytes(broken)
        else:
            broken.write_parquet(file)
    if not chosen.on_the_way and (export / MANIFEST).is_file():
        write_manifest(export)
