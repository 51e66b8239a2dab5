"""What no table shows by itself: a customer cut in two, rows of nobody we know, rows that an earlier export had.

A row is good or bad by its own export alone, so that months may be validated in any order, and an earlier export may be
mended later. So the rows found here are counted and stay; `process`, which has all months, does not use them.
"""

from collections import Counter
from pathlib import Path

import polars as pl

from churn.harness.errors import ContractBroken
from churn.lake import months_of, partition
from churn.storage.months import first_day
from churn.tables import KEYS, TABLES

NO_ROWS = pl.LazyFrame(schema={"customer_id": pl.Int64, "ticket_id": pl.Int64, "date": pl.Date})
UNKNOWN = "customer_id in no customers table so far"
CAME_BEFORE = "{} of a row in an earlier export, which counts"
RULE = "a part holds whole customers, the same in every table and month; one file part-00000.parquet always does"


def rows_left_out(lake: Path, valid: Path, month: str) -> dict[str, dict[str, int]]:
    """Count the rows in `valid`, a month not yet in its place, that `process` will not use: by table and reason.

    Raises ContractBroken if a customer's rows are spread over parts: `process` goes part by part, and would miss some.
    Part by part here too: few files are open at once, and no more than the customers' ids is in memory together.
    """
    earlier = [partition(lake, "valid", past) for past in months_of(lake, "valid") if past < month]
    names = _parts(earlier, valid, month)
    found: dict[str, Counter[str]] = {table: Counter() for table in TABLES}
    ids = []
    for number, name in enumerate(names):
        known = _rows([*earlier, valid], "customers", name).select("customer_id").unique().collect()
        of_part = [known]
        for table in TABLES:
            rows = _rows([valid], table, name)
            strangers = rows.join(known.lazy(), on="customer_id", how="anti").select("customer_id").collect()
            of_part.append(strangers)
            found[table][UNKNOWN] += len(strangers)
        for table, months in {"customers": earlier, "usage": earlier[-1:], "tickets": earlier[-2:]}.items():
            rows = _rows([valid], table, name)
            if table == "usage":
                rows = rows.filter(pl.col("date") < first_day(month))  # others are not of the month before
            again = rows.join(_rows(months, table, name), on=KEYS[table], how="semi").select(pl.len()).collect().item()
            found[table][CAME_BEFORE.format(" + ".join(KEYS[table]))] += again
        ids.append(pl.concat(of_part).unique().with_columns(part=pl.lit(number, pl.UInt32)))
    _raise_if_spread(pl.concat(ids), names, month)
    return {table: dict(+reasons) for table, reasons in found.items() if +reasons}


def _parts(earlier: list[Path], valid: Path, month: str) -> list[str]:
    """The names of all parts; raise ContractBroken if a table of this month lacks one."""
    tables = [*(past / "customers" for past in earlier), *(valid / table for table in TABLES)]
    names = sorted({file.name for table in tables for file in table.glob("*.parquet")})
    for table in TABLES:
        if missing := [name for name in names if not (valid / table / name).is_file()]:
            raise ContractBroken(
                f"export {month}: {table} has no {missing[0]}, which other tables or months have: {RULE}"
            )
    return names


def _raise_if_spread(owners: pl.DataFrame, names: list[str], month: str) -> None:
    customer, part = pl.col("customer_id"), pl.col("part")
    in_order = owners.sort(customer, part).with_columns(other=part.shift(-1))
    for customer_id, one, other in in_order.filter(customer == customer.shift(-1)).head(1).iter_rows():
        raise ContractBroken(
            f"export {month}: customer {customer_id} has rows in {names[one]} and in {names[other]}: {RULE}"
        )


def _rows(months: list[Path], table: str, name: str) -> pl.LazyFrame:
    files = [month / table / name for month in months if (month / table / name).is_file()]
    return pl.scan_parquet(files, hive_partitioning=False) if files else NO_ROWS
