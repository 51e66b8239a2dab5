"""The findings of validation in one month: counts by table and reason, and why the gate is closed, if it is."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from churn.contract import MOST_BAD_ROWS, schema_of
from churn.harness.errors import ContractBroken
from churn.lake import existing_partition
from churn.storage.months import first_day


@dataclass
class Quality:
    """The quality of one month's export."""

    month: str
    rows: dict[str, int] = field(default_factory=dict)  # delivered, by table
    rejected: dict[str, dict[str, int]] = field(default_factory=dict)  # by table and reason
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)  # valid, but process will not use them; likewise
    ignored_columns: dict[str, list[str]] = field(default_factory=dict)  # delivered, but not in the contract
    late_rows: int = 0  # of usage, dated in the previous month
    doubts: list[str] = field(default_factory=list)  # what a person should look at, although the gate is open
    problems: list[str] = field(default_factory=list)  # why the gate is closed; none if it is open

    def count_delivered(self, table: str, delivered: pl.DataFrame) -> None:
        """Add the rows of one file as it was delivered."""
        self.rows[table] = self.rows.get(table, 0) + len(delivered)
        named = schema_of(table, self.month).columns
        if ignored := [name for name in delivered.columns if name not in named]:
            self.ignored_columns[table] = ignored

    def count_judged(self, table: str, good: pl.DataFrame, bad: pl.DataFrame) -> None:
        """Add the rows of one file after the contract has split them."""
        if len(bad) > 0:
            reasons = self.rejected.setdefault(table, {})
            for reason, count in bad["reason"].value_counts().sort("reason").iter_rows():
                reasons[reason] = reasons.get(reason, 0) + count
        if table == "usage":
            self.late_rows += int((good["date"] < first_day(self.month)).sum())

    def raise_if_too_bad(self, table: str) -> None:
        """Raise ContractBroken if a table has no rows, or more bad rows than the contract allows."""
        if self.rows[table] == 0:
            raise ContractBroken(f"{table} {self.month}: the table is empty")
        reasons = self.rejected.get(table, {})
        share = sum(reasons.values()) / self.rows[table]
        if share > MOST_BAD_ROWS:
            most_common = max(reasons, key=lambda reason: reasons[reason])
            raise ContractBroken(
                f"{table} {self.month}: {share:.1%} of the rows are bad, at most {MOST_BAD_ROWS:.0%} may be "
                f"({counted_rows(reasons[most_common])} {most_common})"
            )

    @contextmanager
    def noting_problems(self) -> Iterator[None]:
        """Keep a ContractBroken as a problem and go on: the report names all of them, not only the first."""
        try:
            yield
        except ContractBroken as problem:
            self.problems.append(str(problem))

    def write(self, folder: Path) -> None:
        (folder / "quality.json").write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def messages(self) -> list[str]:
        """Return one line per finding, ready to print."""
        found = [
            f"contract: {table} {self.month}: {counted_rows(count)} {reason}"
            for table, reasons in [*self.rejected.items(), *self.left_out.items()]
            for reason, count in reasons.items()
        ]
        return found + [f"contract: {finding}" for finding in [*self.doubts, *self.problems]]

    def log(self) -> None:
        """Log each finding as a warning: on stderr, unless the framework around this code keeps a log."""
        for message in self.messages():
            logging.getLogger(__name__).warning(message)


def read_quality(lake: Path, month: str) -> Quality:
    """Read what `validate` found in one month. Raises BadInput if it has not run."""
    folder = existing_partition(lake, "quarantine", month, made_by="validate")
    return Quality(**json.loads((folder / "quality.json").read_text(encoding="utf-8")))


def counted_rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
