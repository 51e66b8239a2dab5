"""Data Validation: let good rows through, put bad ones aside with a reason, and close the gate on a broken export."""

from pathlib import Path

from churn.checks.completeness import doubts
from churn.checks.cross_check import unused_rows
from churn.checks.delivered import files_of, read_delivered
from churn.checks.quality import Quality
from churn.checks.sums import Sums, add_rows, write_sums
from churn.contract import split_by_contract
from churn.harness.errors import ContractBroken
from churn.lake import existing_partition, new_partition, partition, write
from churn.storage.checksums import write_checksums
from churn.storage.made_from import write_made_from
from churn.tables import TABLES


def validate(lake: Path, month: str) -> Quality:
    """Judge `raw` of one month by the contract. Write `valid`, and `quarantine` with the bad rows and quality.json.

    Raises ContractBroken when a table is missing, empty, unreadable or of another shape, when more than 2 % of its
    rows are bad, or when the export is not complete. Then `quarantine` holds the evidence, and `valid` stays what it
    was.
    """
    with new_partition(partition(lake, "valid", month)) as valid:
        write_made_from(valid, lake, "valid", month)
        with new_partition(partition(lake, "quarantine", month)) as quarantine:
            quality = split(lake, month, valid, quarantine)
            quality.write(quarantine)
        if quality.problems:
            raise ContractBroken("; ".join(quality.problems))
        write_checksums(valid)
    quality.log()
    return quality


def split(lake: Path, month: str, valid: Path, quarantine: Path) -> Quality:
    """Write the good rows to the folder `valid` and the bad ones to `quarantine`. Return the findings."""
    raw = existing_partition(lake, "raw", month, made_by="collect")
    quality, sums = Quality(month), Sums()
    for table in TABLES:
        with quality.noting_problems():
            for file in files_of(raw, table, month):
                delivered = read_delivered(file, table, month)
                quality.count_delivered(table, delivered)
                good, bad = split_by_contract(delivered, table, month)
                quality.count_judged(table, good, bad)
                add_rows(sums, table, good, month)
                write(good, valid / table / file.name)
                if len(bad) > 0:
                    write(bad, quarantine / table / file.name)
            quality.raise_if_too_bad(table)
    if not quality.problems:
        with quality.noting_problems():
            write_sums(valid, sums)
            quality.left_out = unused_rows(lake, valid, month)
            quality.doubts = doubts(lake, month, sums)
    return quality
