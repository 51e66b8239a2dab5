"""The run of `build` records both tables with the digests of their files, and the candidates to be tried."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from churn.lake import partition
from churn.storage.atomic import sha256_of
from tests.witness import marked_rows
from tracking_pipeline import build as module
from tracking_pipeline.candidates.estimators import SEARCH_SPACE
from tracking_pipeline.record import LONGEST_DIGEST, child_run, month_run

MONTH = "2025-06"


@pytest.mark.slow
def test_the_run_names_both_tables_with_their_digests_and_what_will_be_tried(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_brackets = tmp_path / "a [lake]*"  # Polars would take it for a pattern
    folder = partition(in_brackets, "training", MONTH)
    written: list[tuple[Path, str]] = []

    def build(lake: Path, month: str) -> None:
        written.append((lake, month))
        folder.mkdir(parents=True)
        marked_rows(1, 2, 3).write_parquet(folder / "train.parquet")
        marked_rows(4, customers=7).write_parquet(folder / "holdout.parquet")

    monkeypatch.setattr("churn.build.build", build)
    with month_run(MONTH, 7), child_run("build") as run:
        module.build(in_brackets, MONTH)
    assert written == [(in_brackets, MONTH)]

    inputs = MlflowClient().get_run(run.info.run_id).inputs
    assert inputs is not None
    found = {found.dataset.name: found for found in inputs.dataset_inputs}
    assert sorted(found) == ["holdout", "train"]
    for table, rows in (("train", 180), ("holdout", 7)):
        file = folder / f"{table}.parquet"
        assert found[table].dataset.digest == sha256_of(file)[:LONGEST_DIGEST]
        assert str(file.resolve()) in found[table].dataset.source
        assert f'"num_rows": {rows},' in str(found[table].dataset.profile)
        assert [(tag.key, tag.value) for tag in found[table].tags] == [("mlflow.data.context", table)]
    assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/search_space.json") == SEARCH_SPACE
