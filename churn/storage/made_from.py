"""Record what a partition was made from, so that anyone can see later whether it is out of date.

    lake/valid/month=2025-03/checksums.json       the SHA-256 of each file in the partition
    lake/features/month=2025-03/made_from.json    the digest of each partition that it was made from

The digest of a partition is the SHA-256 of its checksums.json. Dates of files play no part: a copy of the lake has the
same digests, and so does a month that was validated again with the same result.
"""

import json
from pathlib import Path

import polars as pl

from churn.harness.errors import BadInput
from churn.lake import existing_partition, months_of, partition, scan
from churn.storage.atomic import sha256_of
from churn.storage.months import add_months, first_day

MADE_BY = {"raw": "collect", "valid": "validate"}


def write_made_from(folder: Path, lake: Path, table: str, month: str) -> None:
    """Write made_from.json of a new partition of `table` to `folder`: the digest of each input, by its name."""
    (folder / "made_from.json").write_text(json.dumps(inputs(lake, table, month), indent=1), encoding="utf-8")


def outdated(lake: Path, table: str, month: str) -> list[str]:
    """Return the inputs of a partition that are not what it was made from: changed, added since, or gone.

    `table` is valid, features or labels. The list is empty when the partition is up to date. When the partition is
    missing, or does not say what it was made from, the list names all its inputs.
    """
    record = partition(lake, table, month) / "made_from.json"
    recorded = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    today = inputs(lake, table, month)
    return sorted(name for name in recorded.keys() | today.keys() if recorded.get(name) != today.get(name))


def inputs(lake: Path, table: str, month: str) -> dict[str, str]:
    """Return the digest of each partition that `table` of the month is made from, by name: "valid/month=2025-03".

    Raises BadInput when an input does not say what it holds.
    """
    if table == "valid":
        return _digests(lake, "raw", [month])
    following = add_months(month, 1)
    needs_following = table == "labels" or has_late_rows(lake, following)
    newest = following if needs_following else month
    return _digests(lake, "valid", [past for past in months_of(lake, "valid") if past <= newest])


def has_late_rows(lake: Path, month: str) -> bool:
    """Tell whether the month's export, if it is here and valid, has usage of the previous month."""
    if month not in months_of(lake, "valid"):
        return False
    late = scan(lake, "valid/usage", [month]).filter(pl.col("date") < first_day(month))
    return not late.head(1).collect().is_empty()


def _digests(lake: Path, table: str, months: list[str]) -> dict[str, str]:
    digests = {}
    for month in months:
        record = existing_partition(lake, table, month, MADE_BY[table]) / "checksums.json"
        if not record.is_file():
            raise BadInput(f"{record} is missing: run {MADE_BY[table]} for {month} again")
        digests[f"{table}/month={month}"] = sha256_of(record)
    return digests
