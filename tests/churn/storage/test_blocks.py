"""A stage that works block by block gives the rows that it would give of all customers at once."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from churn.lake import partition, scan
from churn.process import features, labels
from churn.storage.blocks import ValidTables, valid_tables, write_in_blocks
from tests.churn.small_world import MONTHS, files, hidden_leftovers, rows

MONTH = MONTHS[2]


@pytest.mark.parametrize(("table", "stage"), [("features", features), ("labels", labels)])
def test_blocks_together_are_all_customers(
    clean_lake: Path, table: str, stage: Callable[[ValidTables, str], pl.LazyFrame]
) -> None:
    at_once = stage(valid_tables(clean_lake), MONTH).collect()
    assert at_once["customer_id"].is_sorted()
    in_blocks = rows(clean_lake, table, MONTH)
    assert at_once.equals(in_blocks.sort("customer_id"))
    assert len(list(partition(clean_lake, table, MONTH).glob("*.parquet"))) == 2


def test_a_scan_gives_rows_in_the_order_of_delivery(clean_lake: Path) -> None:
    valid = valid_tables(clean_lake)
    assert valid.months_up_to(MONTH) == MONTHS[:3]
    delivered = valid.scan("usage", MONTHS[:2]).collect()
    assert delivered.equals(scan(clean_lake, "valid/usage", MONTHS[:2]).collect())


def test_a_month_or_a_block_that_is_not_here_has_no_rows(lake: Path) -> None:
    valid = valid_tables(lake)
    columns = valid.scan("usage", [MONTH]).collect_schema()
    for nothing in (valid.scan("usage", []), valid.scan("usage", ["2030-01"])):
        assert nothing.collect().is_empty()
        assert nothing.collect_schema() == columns
    (partition(lake, "valid", MONTHS[0]) / "customers" / "part-00001.parquet").unlink()
    block = ValidTables(valid.folders, "part-00001.parquet")
    joined_later = block.scan("customers", MONTHS).collect()
    assert joined_later.equals(block.scan("customers", MONTHS[1:]).collect())
    assert block.scan("customers", MONTHS[:1]).collect().is_empty()


def test_a_block_that_fails_leaves_the_old_partition(lake: Path) -> None:
    before = files(lake / "features")

    def fail(valid: ValidTables, month: str) -> pl.LazyFrame:
        if valid.block == "part-00001.parquet":
            raise RuntimeError("half-way")
        return features(valid, month)

    with pytest.raises(RuntimeError, match="half-way"):
        write_in_blocks(lake, "features", MONTH, fail)
    assert files(lake / "features") == before
    assert hidden_leftovers(lake) == []
