"""The bad model of the story learns from the training months, as an honest challenger does."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import polars as pl
import pytest

from churn.harness.command import OperatorData
from churn.lake import partition
from tests.witness import marked_rows
from tracking_pipeline.story import demo

MONTH = "2025-06"


def test_the_bad_model_is_put_forward_with_the_training_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store: what is put forward, and nothing that follows from it."""
    folder = partition(tmp_path, "training", MONTH)
    folder.mkdir(parents=True)
    rows = marked_rows(1, 2, 3, 4)
    rows.write_parquet(folder / "train.parquet")
    marked_rows(5).write_parquet(folder / "holdout.parquet")
    learnt_from: list[pl.DataFrame] = []

    def put_forward(candidate: object, model: object, threshold: float, given: pl.DataFrame, month: str) -> Any:
        learnt_from.append(given)
        return SimpleNamespace(version="2")

    monkeypatch.setattr(demo, "put_forward", put_forward)
    monkeypatch.setattr(demo, "load_champion", lambda: SimpleNamespace(version="1", threshold=0.3))
    monkeypatch.setattr(demo, "roll_back", lambda: SimpleNamespace(live="1"))
    monkeypatch.setattr(demo, "month_run", lambda *arguments: nullcontext())
    monkeypatch.setattr(mlflow, "set_tag", lambda *arguments: None)
    for name in ("decide", "force", "data_fingerprint", "_answers"):
        monkeypatch.setattr(demo, name, lambda *arguments: None)
    demo.put_bad_model_live(OperatorData(tmp_path, [MONTH], 7), tmp_path, tmp_path / "log", None)  # type: ignore[arg-type]
    (given,) = learnt_from
    assert given.equals(rows)
