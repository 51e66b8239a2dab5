"""The contrast reads tables in a folder whose path would be a pattern for files."""

from pathlib import Path

import polars as pl
import pytest

from churn.lake import partition
from contrast.pipelines import PIPELINES
from contrast.scenarios.bad_batch import usage_in

ANSWER = pl.DataFrame({"customer_id": [1, 2], "churn_probability": [0.25, 0.5]})
TABLES = {"data": "predictions", "tracking": "live"}  # of the lake; the others leave a file next to their report


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "contrast of feature [2026]*?"


def written(file: Path) -> Path:
    file.parent.mkdir(parents=True)
    ANSWER.write_parquet(file)
    return file


@pytest.mark.parametrize("name", PIPELINES)
def test_the_served_table_is_read(place: Path, name: str) -> None:
    pipeline = PIPELINES[name](place)
    in_lake = name in TABLES and partition(pipeline.lake, TABLES[name], "2025-04") / "part.parquet"
    written(in_lake or pipeline.runs / name / "predictions.parquet")
    assert pipeline.served().equals(ANSWER)


def test_the_usage_of_an_export_is_read(place: Path) -> None:
    export = written(place / "month=2025-04" / "usage" / "part-00000.parquet").parents[1]
    assert usage_in(export).equals(ANSWER)
