"""Challenger and champion are compared on the same customers: those of the hold-out month, which neither has seen."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from churn.lake import partition
from tests.tracking_pipeline.test_registry import registered
from tests.witness import marked_rows, watch
from tracking_pipeline.candidates.estimators import CANDIDATES
from tracking_pipeline.gate import evaluated
from tracking_pipeline.promote import decide, force
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import load_version

MONTH = "2025-06"
ROWS, HOLDOUT = marked_rows(1, 2, 3, 4), marked_rows(5, seed=1)


@pytest.mark.slow
def test_both_rivals_are_scored_on_the_hold_out_month_and_on_nothing_else(name: str, tmp_path: Path) -> None:
    folder = partition(tmp_path, "training", MONTH)
    folder.mkdir(parents=True)
    ROWS.write_parquet(folder / "train.parquet")
    HOLDOUT.write_parquet(folder / "holdout.parquet")
    with month_run(MONTH, 7) as run:
        champion, _ = registered(name, ROWS, CANDIDATES[1])
        force(champion)
        challenger, _ = registered(name, ROWS, CANDIDATES[0])
        with watch() as seen:
            decide(tmp_path, MONTH, challenger)
    assert seen.fits == []
    assert {question.about for question in seen.questions} == {frozenset({5})}
    query = f"tags.`mlflow.parentRunId` = '{run.info.run_id}' AND attributes.run_name LIKE '%judged'"
    (decision,) = mlflow.search_runs(filter_string=query, output_format="list")
    for rival, version in (("challenger", challenger), ("champion", champion)):
        expected = evaluated(load_version(MlflowClient().get_model_version(name, version.version)), HOLDOUT)
        found = {metric: decision.data.metrics[f"{rival}_{metric}"] for metric in expected}
        assert found == pytest.approx(expected)
