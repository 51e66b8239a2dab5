"""Files that no reader can read close the gate with a sentence; files that are no tables are left alone."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.checks import delivered
from churn.checks.delivered import read_delivered
from churn.checks.parquet_footer import unpacked_bytes
from churn.collect import collect
from churn.harness.errors import ContractBroken
from churn.lake import partition
from churn.process import process
from churn.tables import TABLES
from churn.validate import validate
from tests.churn.small_world import (
    MONTHS,
    files,
    hidden_leftovers,
    modest,
    tables,
    without_manifests,
)

MONTH = MONTHS[2]


def garble_truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def garble_empty(file: Path) -> None:
    file.write_bytes(b"")


def garble_text(file: Path) -> None:
    file.write_text("customer_id,date\n1,2025-03-01\n")


def garble_magic_only(file: Path) -> None:
    file.write_bytes(b"PAR1" + bytes(100) + b"PAR1")


def garble_only_the_footer_arrived(file: Path) -> None:
    """Polars panics, which is no ordinary exception."""
    whole = file.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    file.write_bytes(whole[:4] + whole[-footer:])


GARBLES = [garble_truncated, garble_empty, garble_text, garble_magic_only, garble_only_the_footer_arrived]


@pytest.mark.parametrize("garble", GARBLES)
@pytest.mark.parametrize("table", ["usage", "cancellations"])
def test_a_file_that_is_no_parquet_closes_the_gate(
    source: Path, lake: Path, garble: Callable[[Path], None], table: str
) -> None:
    before = files(lake / "valid")
    without_manifests(source)
    garble(source / f"month={MONTH}" / table / "part-00001.parquet")
    collect(source, lake, MONTH)
    with pytest.raises(
        ContractBroken, match=f"{table} {MONTH}: part-00001.parquet cannot be read as Parquet"
    ) as closed:
        validate(lake, MONTH)
    assert "\n" not in str(closed.value)
    assert files(lake / "valid") == before
    assert hidden_leftovers(lake) == []


@pytest.mark.slow
@modest
@given(table=st.sampled_from(TABLES), where=st.floats(0, 1), flips=st.binary(min_size=1, max_size=20))
def test_damaged_bytes_never_end_in_a_traceback(clean_lake: Path, table: str, where: float, flips: bytes) -> None:
    whole = next(iter(sorted((partition(clean_lake, "raw", MONTH) / table).glob("*.parquet")))).read_bytes()
    at = min(int(where * len(whole)), len(whole) - len(flips))
    damaged = bytes(a ^ b for a, b in zip(whole[at:], flips, strict=False))
    with TemporaryDirectory() as folder:
        lake = Path(folder)
        shutil.copytree(partition(clean_lake, "raw", MONTH), partition(lake, "raw", MONTH))
        file = next(iter(sorted((partition(lake, "raw", MONTH) / table).glob("*.parquet"))))
        file.write_bytes(whole[:at] + damaged + whole[at + len(damaged) :])
        with suppress(ContractBroken):
            validate(lake, MONTH)
        assert hidden_leftovers(lake) == []


def bomb_of_rows(file: Path) -> None:
    pl.DataFrame({"customer_id": pl.repeat(None, 13_000_000, dtype=pl.Int8, eager=True)}).write_parquet(file)


def bomb_of_text(file: Path) -> None:
    text = pl.select(pl.int_range(0, 7).cast(pl.String) + "a" * 16_000_000).to_series()
    pl.DataFrame({"plan": text}).write_parquet(file)


@pytest.mark.parametrize("bomb", [bomb_of_rows, bomb_of_text])
def test_a_small_file_that_holds_gigabytes_is_refused_unread(
    source: Path, lake: Path, bomb: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_manifests(source)
    file = source / f"month={MONTH}" / "usage" / "part-00001.parquet"
    bomb(file)
    assert file.stat().st_size < 1_000_000
    collect(source, lake, MONTH)
    monkeypatch.setattr(delivered, "MOST_UNPACKED_BYTES", 100_000_000)
    monkeypatch.setattr(pl, "read_parquet", pytest.fail)
    sentence = f"usage {MONTH}: part-00001.parquet takes 0.1 GB in memory, and a file may take 0.1: .* in more parts"
    with pytest.raises(ContractBroken, match=sentence):
        read_delivered(partition(lake, "raw", MONTH) / "usage" / file.name, "usage", MONTH)


def test_the_footer_gives_the_size_of_each_column(tmp_path: Path) -> None:
    rows = 1000
    columns = {"text": ["x" * 100] * rows, "list": [[1, 2, 3]] * rows, "flag": [True] * rows, "null": [None] * rows}
    pl.DataFrame({**columns, "cents": pl.Series([1.5] * rows, dtype=pl.Decimal(10, 2))}).write_parquet(
        tmp_path / "all.parquet", row_group_size=300
    )
    assert unpacked_bytes(tmp_path / "all.parquet") >= 8 * rows * (1 + 3 + 1 + 1 + 1)
    described = parquet.read_metadata(tmp_path / "all.parquet")
    chunks = [described.row_group(group).column(n) for group in range(described.num_row_groups) for n in range(5)]
    assert unpacked_bytes(tmp_path / "all.parquet") == sum(
        max(8 * chunk.num_values, chunk.total_uncompressed_size) for chunk in chunks
    )
    for size in range(0, 200, 7):
        (tmp_path / "cut").write_bytes((tmp_path / "all.parquet").read_bytes()[:size])
        with pytest.raises(ValueError, match=r"its footer is damaged|it has no footer"):
            unpacked_bytes(tmp_path / "cut")


def test_dates_that_no_calendar_has_close_the_gate(lake: Path) -> None:
    part = next(iter(sorted((partition(lake, "raw", MONTH) / "usage").glob("*.parquet"))))
    usage = pl.read_parquet(part, hive_partitioning=False)
    usage.with_columns(date=pl.lit(10_000_000, pl.Int32).cast(pl.Date)).write_parquet(part)
    with pytest.raises(
        ContractBroken, match=f"usage {MONTH}: {part.name} is damaged: date has dates beyond the year 9999"
    ):
        validate(lake, MONTH)


def test_files_that_are_no_tables_are_left_alone(source: Path, lake: Path, clean_lake: Path) -> None:
    without_manifests(source)
    export = source / f"month={MONTH}"
    (export / "_SUCCESS").touch()
    (export / "usage" / "README.txt").write_text("delivered by the night shift")
    (export / "usage" / ".part-00000.parquet.crc").write_bytes(b"crc")
    (export / "invoices").mkdir()
    shutil.copy(export / "payments" / "part-00000.parquet", export / "invoices")
    collect(source, lake, MONTH)
    validate(lake, MONTH)
    process(lake, MONTH)
    for table in ("valid", "features"):
        assert tables(lake / table) == tables(clean_lake / table)
