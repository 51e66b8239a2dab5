"""A world small enough to break a hundred times, and what the tests ask of its folders."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings

from churn.build import build
from churn.checks.manifest import MANIFEST
from churn.collect import collect
from churn.deploy import deploy
from churn.lake import partition
from churn.process import process
from churn.simulator import behaviour as simulator
from churn.simulator.exports import export
from churn.simulator.world import World
from churn.storage.atomic import sha256_of
from churn.storage.months import add_months
from churn.train import train
from churn.validate import validate

WORLD = World(customers=600, first_month="2025-01", months=5, seed=3)
MONTHS = WORLD.all_months()
NEWEST = MONTHS[-1]
CUSTOMERS_PER_BLOCK = 350  # two blocks, so two parts a table

modest = settings(
    max_examples=20,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)


def export_in_blocks(world: World, source: Path, months: Iterable[str] | None = None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator, "CUSTOMERS_PER_BLOCK", CUSTOMERS_PER_BLOCK)
        export(world, source, months)


def without_manifests(source: Path) -> None:
    """Make these the exports of someone who writes no manifest."""
    for manifest in source.glob(f"month=*/{MANIFEST}"):
        manifest.unlink()


def take_in(source: Path, lake: Path, month: str) -> None:
    """Run the three data stages as a pipeline does: late rows restate the previous month."""
    collect(source, lake, month)
    late_rows = validate(lake, month).late_rows
    if late_rows and partition(lake, "valid", add_months(month, -1)).is_dir():
        process(lake, add_months(month, -1))
    process(lake, month)


def learn(lake: Path, month: str) -> pl.DataFrame:
    """The three model stages."""
    build(lake, month)
    train(lake, month)
    return deploy(lake, month)


def run_stages(source: Path, lake: Path, months: list[str]) -> pl.DataFrame:
    for month in months:
        take_in(source, lake, month)
    return learn(lake, months[-1])


def files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below the folder, hidden ones too, by relative path."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def tables(folder: Path) -> dict[str, str]:
    """SHA-256 of every Parquet file below the folder: not of made_from.json, which also names what changed no row."""
    return {name: digest for name, digest in files(folder).items() if name.endswith(".parquet")}


def hidden_leftovers(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob(".*") if path.name != ".lock"]


def rows(lake: Path, table: str, month: str, under: str = "") -> pl.DataFrame:
    """All parts of one partition of the lake, in the order of the parts."""
    return pl.read_parquet(partition(lake, table, month) / under / "*.parquet", hive_partitioning=False)


def features_of(lake: Path, month: str) -> pl.DataFrame:
    return rows(lake, "features", month).sort("customer_id")


def quality_of(lake: Path, month: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((partition(lake, "quarantine", month) / "quality.json").read_text())
    return content
