"""The components that split and train, called as functions: what an artifact of them may depend on."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from kfp import dsl

from churn.evaluation.scores import score
from churn.storage.model_file import churn_probability, load_model
from churn.storage.months import month_range
from churn.tables import FEATURES, LABEL
from churn.value import best_threshold
from tests.witness import CHARGE, Question, marked_rows, watch
from workflow_pipeline.artifacts import digest_of
from workflow_pipeline.build import build
from workflow_pipeline.train import train

MONTHS = month_range("2025-01", "2025-06")
ROWS = marked_rows(1, 2, 3, 4, 5, 6)


def table(folder: Path, name: str, columns: list[str], months: list[str]) -> dsl.Dataset:
    """Write an artifact as a step leaves it: a folder a month, and the digest of all of them."""
    artifact = dsl.Dataset(name=name, uri=str(folder / name))
    for month in months:
        part = Path(artifact.path) / f"month={month}" / "part-00000.parquet"
        part.parent.mkdir(parents=True)
        ROWS.filter(month=month).select("customer_id", "month", *columns).write_parquet(part)
    artifact.metadata["sha256"] = digest_of(Path(artifact.path))
    return artifact


def built(folder: Path, month: str) -> dsl.Dataset:
    training = dsl.Dataset(name="training", uri=str(folder / "training"))
    features = table(folder, "features", FEATURES, MONTHS)
    build.python_func(features, table(folder, "labels", [LABEL], MONTHS[:-1]), month, training)
    return training


def rows_of(training: Any, month: str) -> dict[str, pl.DataFrame]:
    folder = Path(training.path) / f"month={month}"
    return {file.stem: pl.read_parquet(file, hive_partitioning=False) for file in folder.glob("*.parquet")}


@pytest.mark.parametrize(("month", "learnt", "held_out"), [("2025-06", 4, "2025-05"), ("2025-04", 2, "2025-03")])
def test_build_holds_out_the_newest_month_and_writes_none_that_is_later(
    tmp_path: Path, month: str, learnt: int, held_out: str
) -> None:
    training = built(tmp_path, month)
    rows = rows_of(training, month)
    assert set(rows) == {"train", "holdout"}
    assert rows["train"]["month"].unique().sort().to_list() == MONTHS[:learnt]
    assert rows["holdout"]["month"].unique().to_list() == [held_out]
    assert {name: training.metadata[f"{name}_rows"] for name in rows} == {"train": 60 * learnt, "holdout": 60}
    assert training.metadata["sha256"] == digest_of(Path(training.path))


def test_train_learns_from_the_training_months_and_scores_on_the_hold_out_month(tmp_path: Path) -> None:
    training = built(tmp_path, "2025-06")
    model = dsl.Model(name="model", uri=str(tmp_path / "model"))
    scores = dsl.Metrics(name="scores", uri=str(tmp_path / "scores"))
    with watch() as seen:
        train.python_func(training, "2025-06", model, scores)
    past, newest = frozenset({1, 2, 3, 4}), frozenset({5})
    assert seen.fits == [past]
    assert seen.questions == [Question(past, past, False), Question(newest, past, False)]
    rows = rows_of(training, "2025-06")
    fitted = load_model(Path(model.path) / "month=2025-06" / "model.skops")
    probability = {name: churn_probability(fitted, part) for name, part in rows.items()}
    threshold = best_threshold(rows["train"][LABEL], probability["train"], rows["train"][CHARGE])
    holdout = rows["holdout"]
    expected = score(holdout[LABEL], probability["holdout"], threshold, holdout[CHARGE])
    assert scores.metadata == expected.as_dict()
    assert model.metadata["month"] == "2025-06"
