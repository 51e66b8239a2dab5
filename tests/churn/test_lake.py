"""A lake is read by table and month."""

from pathlib import Path

import polars as pl
import pytest

from churn.harness.errors import BadInput
from churn.lake import existing_partition, months_of, partition, scan
from tests.churn.small_world import MONTHS


def test_hidden_folders_are_no_months(tmp_path: Path) -> None:
    for name in ("month=2025-02", ".month=2025-01.abc.new", "month=2025-01"):
        (tmp_path / "valid" / name).mkdir(parents=True)
    assert months_of(tmp_path, "valid") == ["2025-01", "2025-02"]
    assert months_of(tmp_path, "features") == []


def test_a_missing_partition_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"features of 2025-03 is missing in .*: run process for 2025-03 first"):
        existing_partition(tmp_path, "features", "2025-03", made_by="process")


def test_scan_gives_the_rows_of_the_months_in_order(clean_lake: Path) -> None:
    months = scan(clean_lake, "features", MONTHS[1:3]).collect()
    assert months["month"].unique(maintain_order=True).to_list() == MONTHS[1:3]
    usage = scan(clean_lake, "valid/usage", [MONTHS[1]]).collect()
    files = sorted((partition(clean_lake, "valid", MONTHS[1]) / "usage").glob("*.parquet"))
    assert usage.equals(pl.concat(pl.read_parquet(file, hive_partitioning=False) for file in files))
