"""Data Validation: let good rows through, put bad ones aside with a reason, and close the gate on a broken export."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from churn.checks.cross_check import rows_left_out
from churn.contract import MOST_BAD_ROWS, SCHEMAS, split_by_contract
from churn.harness.errors import ContractBroken
from churn.lake import existing_partition, new_partition, partition
from churn.storage.checksums import write_checksums
from churn.storage.made_from import write_made_from
from churn.storage.months import first_day


@dataclass
class Quality:
    """What the contract found in one month's export."""

    month: str
    rows: dict[str, int] = field(default_factory=dict)  # delivered, by table
    rejected: dict[str, dict[str, int]] = field(default_factory=dict)  # by table and reason
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)  # valid, but of no use to process; likewise
    ignored_columns: dict[str, list[str]] = field(default_factory=dict)  # delivered, but not in the contract
    late_rows: int = 0  # of usage: dated in the month before
    problems: list[str] = field(default_factory=list)  # why the gate is closed; none if it is open

    def messages(self) -> list[str]:
        """One line per finding, ready to print."""
        found = [
            f"contract: {table} {self.month}: {counted_rows(count)} {reason}"
            for table, reasons in [*self.rejected.items(), *self.left_out.items()]
            for reason, count in reasons.items()
        ]
        return found + [f"contract: {problem}" for problem in self.problems]


def validate(lake: Path, month: str) -> Quality:
    """Judge `raw` of one month by the contract; write `valid` and `quarantine`, the latter with quality.json.

    Raises ContractBroken when a table is missing, empty, unreadable or of another shape, or when more than 2 % of its
    rows are bad. Then `quarantine` holds the evidence, and `valid` stays what it was.
    """
    raw = existing_partition(lake, "raw", month, made_by="collect")
    quality = Quality(month)
    with new_partition(partition(lake, "valid", month)) as valid:
        write_made_from(valid, lake, "valid", month)
        with new_partition(partition(lake, "quarantine", month)) as quarantine:
            for table in SCHEMAS:
                with _noting_problems(quality):
                    _validate_table(raw, table, quality, valid, quarantine)
            if not quality.problems:
                with _noting_problems(quality):
                    quality.left_out = rows_left_out(lake, valid, month)
            (quarantine / "quality.json").write_text(json.dumps(asdict(quality), indent=1), encoding="utf-8")
        if quality.problems:
            raise ContractBroken("; ".join(quality.problems))
        write_checksums(valid)
    return quality


@contextmanager
def _noting_problems(quality: Quality) -> Iterator[None]:
    try:
        yield
    except ContractBroken as problem:
        quality.problems.append(str(problem))


def read_quality(lake: Path, month: str) -> Quality:
    folder = existing_partition(lake, "quarantine", month, made_by="validate")
    return Quality(**json.loads((folder / "quality.json").read_text(encoding="utf-8")))


def _validate_table(raw: Path, table: str, quality: Quality, valid: Path, quarantine: Path) -> None:
    """One table, part by part, so that memory does not grow with the number of customers."""
    parts = sorted((raw / table).glob("*.parquet"))
    if not parts:
        raise ContractBroken(f"{table} {quality.month}: the table is missing")
    (valid / table).mkdir()
    rejected: Counter[str] = Counter()
    for part in parts:
        delivered = _read(part, table, quality.month)
        quality.rows[table] = quality.rows.get(table, 0) + len(delivered)
        quality.ignored_columns.update({table: ignored} if (ignored := _ignored(delivered, table)) else {})
        good, bad = split_by_contract(delivered, table, quality.month)
        good.write_parquet(valid / table / part.name, compression="zstd", compression_level=1)
        if len(bad) > 0:
            (quarantine / table).mkdir(exist_ok=True)
            bad.write_parquet(quarantine / table / part.name)
            rejected.update(dict(bad["reason"].value_counts().iter_rows()))
        if table == "usage":
            quality.late_rows += int((good["date"] < first_day(quality.month)).sum())
    if quality.rows[table] == 0:
        raise ContractBroken(f"{table} {quality.month}: the table is empty")
    quality.rejected.update({table: dict(sorted(rejected.items()))} if rejected else {})
    share = rejected.total() / quality.rows[table]
    if share > MOST_BAD_ROWS:
        most_common = rejected.most_common(1)[0][0]
        raise ContractBroken(
            f"{table} {quality.month}: {share:.1%} of the rows are bad, at most {MOST_BAD_ROWS:.0%} may be "
            f"({counted_rows(rejected[most_common])} {most_common})"
        )


def counted_rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"


def _ignored(delivered: pl.DataFrame, table: str) -> list[str]:
    contract = SCHEMAS[table]("2000-01").columns
    return [name for name in delivered.columns if name not in contract]


def _read(part: Path, table: str, month: str) -> pl.DataFrame:
    try:
        delivered = pl.read_parquet(part, hive_partitioning=False)
    except (PolarsError, PanicException) as error:  # a damaged file can make Polars panic
        reason = str(error).splitlines()[0]
        raise ContractBroken(f"{table} {month}: {part.name} cannot be read as Parquet ({reason})") from error
    for name in delivered.select(pl.col(pl.Date)).columns:
        if not delivered[name].is_between(date.min, date.max).all():  # Python has no such dates: they can't be shown
            raise ContractBroken(f"{table} {month}: {part.name} is damaged: {name} has dates beyond the year 9999")
    return delivered
