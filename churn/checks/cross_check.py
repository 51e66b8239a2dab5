"""Check an export as a whole: rows that the contract cannot judge, because the reason is in another table or month.

A row is good or bad by its own export alone, so months may be validated in any order, and an earlier export may be
corrected later. So these rows are counted and stay in `valid`. `process`, which has all months, does not use them.
"""

from collections import Counter
from pathlib import Path

import polars as pl

from churn.harness.errors import ContractBroken
from churn.storage.blocks import ValidTables, valid_tables
from churn.storage.months import first_day
from churn.tables import KEYS, TABLES

UNKNOWN = "customer_id in no customers table so far"
REPEATED = "{} of a row in an earlier export, which counts"
RULE = "a part holds whole customers, the same in every table and month; one file part-00000.parquet always does"


def unused_rows(lake: Path, valid: Path, month: str) -> dict[str, dict[str, int]]:
    """Count the rows in `valid`, a month that is not in its place yet, that `process` will not use.

    Returns the counts by table and reason. Raises ContractBroken if a customer's rows are in two blocks, because
    `process` goes block by block (see churn/storage/blocks.py). This check does too.
    """
    earlier = {past: folder for past, folder in valid_tables(lake).folders.items() if past < month}
    folders = {**earlier, month: valid}
    blocks = _blocks(folders, month)
    counts: dict[str, Counter[str]] = {table: Counter() for table in TABLES}
    owners = []
    for block in blocks:
        tables = ValidTables(folders, block)
        known = tables.scan("customers", [*folders]).select("customer_id").unique().collect()
        ids = [known]
        for table in TABLES:
            unknown = tables.scan(table, [month]).join(known.lazy(), on="customer_id", how="anti")
            ids.append(unknown.select("customer_id").collect())
            counts[table][UNKNOWN] += len(ids[-1])
        for table, repeated in _repeated_rows(tables, month).items():
            counts[table][REPEATED.format(" + ".join(KEYS[table]))] += repeated.select(pl.len()).collect().item()
        owners.append(pl.concat(ids).unique().with_columns(block=pl.lit(block, pl.Enum(blocks))))
    _raise_if_in_two_blocks(pl.concat(owners), month)
    return {table: dict(+reasons) for table, reasons in counts.items() if +reasons}


def _repeated_rows(tables: ValidTables, month: str) -> dict[str, pl.LazyFrame]:
    """Find customers of any earlier month, late days of the previous one, and tickets of the two previous ones."""
    *earlier, _ = tables.folders
    delivered = {table: tables.scan(table, [month]) for table in ("customers", "usage", "tickets")}
    delivered["usage"] = delivered["usage"].filter(pl.col("date") < first_day(month))
    before = {"customers": earlier, "usage": earlier[-1:], "tickets": earlier[-2:]}
    return {
        table: rows.join(tables.scan(table, before[table]), on=KEYS[table], how="semi")
        for table, rows in delivered.items()
    }


def _blocks(folders: dict[str, Path], month: str) -> list[str]:
    """Return the names of all blocks. Raise ContractBroken if a table of this month lacks one."""
    tables = [*(past / "customers" for past in folders.values()), *(folders[month] / table for table in TABLES)]
    blocks = sorted({file.name for table in tables for file in table.glob("*.parquet")})
    for table in TABLES:
        if missing := [block for block in blocks if not (folders[month] / table / block).is_file()]:
            raise ContractBroken(
                f"export {month}: {table} has no {missing[0]}, which other tables or months have: {RULE}"
            )
    return blocks


def _raise_if_in_two_blocks(owners: pl.DataFrame, month: str) -> None:
    again = owners.filter(pl.col("customer_id").is_duplicated()).sort("customer_id", "block")
    if len(again) > 0:
        customer, (first, second) = again["customer_id"][0], again["block"][:2]
        raise ContractBroken(f"export {month}: customer {customer} has rows in {first} and in {second}: {RULE}")
