"""The report gives the live model's scores on the hold-out month."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn.evaluation.scores import score
from churn.harness.command import OperatorData
from churn.lake import partition
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.train import fitted
from tests.witness import CHARGE, marked_rows, watch
from tracking_pipeline.candidates.estimators import BASELINE, estimator
from tracking_pipeline.registry import LoadedModel
from tracking_pipeline.story import summary

MONTH = "2025-06"
ROWS, HOLDOUT = marked_rows(1, 2, 3, 4), marked_rows(5, seed=1)


def test_the_live_model_is_scored_on_the_hold_out_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LoadedModel(fitted(estimator(BASELINE), ROWS), "1", 0.3)
    predictions = pl.DataFrame({"customer_id": [1], "churn_probability": [0.5]})
    for table, name, rows in (
        ("training", "train", ROWS),
        ("training", "holdout", HOLDOUT),
        ("live", "live", predictions),
    ):
        folder = partition(tmp_path / "lake", table, MONTH)
        folder.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(folder / f"{name}.parquet")
    reported: dict[str, Any] = {}
    monkeypatch.setattr(summary, "load_champion", lambda: live)
    monkeypatch.setattr(summary, "stages", list)
    monkeypatch.setattr(summary, "data_fingerprint", lambda lake, month: "")
    monkeypatch.setattr(summary, "report_on", lambda *arguments, **named: reported.update(named))
    probability = churn_probability(live.estimator, HOLDOUT)
    expected = score(HOLDOUT[LABEL], probability, live.threshold, HOLDOUT[CHARGE])
    with watch() as seen:
        summary.write_summary(tmp_path, OperatorData(tmp_path, [MONTH], 0), expected, predictions)
    assert {question.about for question in seen.questions} == {frozenset({5})}
    assert reported["best"] == expected.as_dict()
