"""The contract between the halves: what is handed over stays as it was, and a change is named."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from churn.collect import data_fingerprint
from churn.harness.errors import BadInput
from churn.harness.report import StageClock
from churn.lake import partition
from churn.pipeline import run
from churn.process import process
from churn.simulator.exports import export
from churn.simulator.world import World
from churn.storage.atomic import sha256_of
from together.handover import NAME, OUTPUTS, TABLES, hand_over, read_handover
from workflow_pipeline.artifacts import digest_of

WORLD = World(customers=600, months=4, seed=11)
MONTHS = WORLD.all_months()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of four months, as the plain script makes it. Nobody changes it."""
    folder = tmp_path_factory.mktemp("together")
    export(WORLD, folder / "source")
    run(folder / "source", folder / "lake", MONTHS, clock=StageClock())
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "together"))


@pytest.fixture
def place(folder: Path) -> Path:
    return hand_over(folder, MONTHS[-1], "manual__1", "churn-test", 11)


def test_it_says_what_was_handed_over_and_by_whom(folder: Path, place: Path) -> None:
    handed = read_handover(place)
    assert (handed.month, handed.airflow_run, handed.experiment, handed.seed) == (
        MONTHS[-1],
        "manual__1",
        "churn-test",
        11,
    )
    assert handed.data_fingerprint == data_fingerprint(folder / "lake", MONTHS[-1])
    features = f"features/month={MONTHS[-1]}"
    assert handed.tables[features] == digest_of(partition(folder / "lake", "features", MONTHS[-1]))
    assert len([name for name in handed.tables if name.startswith("features/")]) == len(MONTHS)
    assert len([name for name in handed.tables if name.startswith("labels/")]) == len(MONTHS) - 1
    assert handed.exports[MONTHS[0]] == sha256_of(partition(folder / "lake", "raw", MONTHS[0]) / "checksums.json")


def test_it_carries_paths_and_digests_and_no_rows(place: Path) -> None:
    content = json.loads((place / NAME).read_text(encoding="utf-8"))
    assert {type(value) for value in content.values()} <= {str, int, dict}
    assert all(isinstance(digest, str) and len(digest) == 64 for digest in content["tables"].values())


def test_an_earlier_month_is_handed_over_without_what_came_later(folder: Path) -> None:
    handed = read_handover(hand_over(folder, MONTHS[-2], "manual__1", "churn-test", 11))
    assert f"features/month={MONTHS[-1]}" not in handed.tables
    assert MONTHS[-1] not in str(sorted(handed.tables))


def test_it_stays_as_it_was_when_the_lake_is_restated(folder: Path, place: Path) -> None:
    before = digest_of(place)
    late = partition(folder / "lake", "valid", MONTHS[-1]) / "tickets"
    for file in late.glob("*.parquet"):
        pl.read_parquet(file, glob=False).head(0).write_parquet(file.with_name("other.parquet"))
        file.unlink()
    process(folder / "lake", MONTHS[-1])
    assert digest_of(place) == before
    assert read_handover(place).tables[f"features/month={MONTHS[-1]}"] != digest_of(
        partition(folder / "lake", "features", MONTHS[-1])
    )


def test_it_takes_no_space(folder: Path, place: Path) -> None:
    (copy,) = (place / "features" / f"month={MONTHS[-1]}").glob("*.parquet")
    assert copy.stat().st_ino == (folder / "lake" / copy.relative_to(place)).stat().st_ino


@pytest.mark.parametrize("table", TABLES)
def test_a_changed_table_is_named(place: Path, table: str) -> None:
    file = next((place / table / f"month={MONTHS[0]}").glob("*.parquet"))
    rows = pl.read_parquet(file, glob=False)
    file.unlink()  # the lake has the same file
    rows.head(5).write_parquet(file)
    with pytest.raises(BadInput, match=rf"{table}/month={MONTHS[0]} was changed .* run {MONTHS[-1]} again in Airflow"):
        read_handover(place)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_gone_is_named(place: Path, table: str) -> None:
    shutil.rmtree(place / table / f"month={MONTHS[0]}")
    with pytest.raises(BadInput, match=f"{table}/month={MONTHS[0]} was changed"):
        read_handover(place)


def test_a_table_that_was_added_is_named(place: Path) -> None:
    shutil.copytree(place / "features" / f"month={MONTHS[0]}", place / "features" / "month=2024-12")
    with pytest.raises(BadInput, match="features/month=2024-12 was changed"):
        read_handover(place)


def test_a_hand_over_that_was_never_written_is_a_sentence(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no hand-over in .*: Airflow writes it when"):
        read_handover(folder / "handover" / "month=2025-12")


def test_what_comes_back_are_tables_of_the_lake() -> None:
    assert not set(TABLES) & set(OUTPUTS)
