"""The hold-out month measures. It has no part in the model and none in the threshold."""

import json
from pathlib import Path

import polars as pl
import pytest

from churn.evaluation.scores import score
from churn.lake import partition
from churn.storage.model_file import churn_probability, load_model
from churn.tables import LABEL
from churn.train import train
from churn.value import best_threshold
from tests.witness import CHARGE, Question, marked_rows, watch

MONTH = "2025-06"
ROWS, HOLDOUT = marked_rows(1, 2, 3, 4), marked_rows(5, seed=1)
PAST, NEWEST = frozenset({1, 2, 3, 4}), frozenset({5})


def lake_with(lake: Path, holdout: pl.DataFrame) -> Path:
    folder = partition(lake, "training", MONTH)
    folder.mkdir(parents=True)
    ROWS.write_parquet(folder / "train.parquet")
    holdout.write_parquet(folder / "holdout.parquet")
    return lake


def test_the_model_learns_and_the_threshold_is_chosen_on_months_before_the_one_that_scores_it(tmp_path: Path) -> None:
    with watch() as seen:
        train(lake_with(tmp_path, HOLDOUT), MONTH)
    assert seen.fits == [PAST]
    assert seen.questions == [Question(PAST, PAST, False), Question(NEWEST, PAST, False)]


def test_threshold_and_scores_are_those_of_the_model_in_the_file(tmp_path: Path) -> None:
    scores = train(lake_with(tmp_path, HOLDOUT), MONTH)
    folder = partition(tmp_path, "model", MONTH)
    model, written = load_model(folder / "model.skops"), json.loads((folder / "scores.json").read_text("utf-8"))
    threshold = best_threshold(ROWS[LABEL], churn_probability(model, ROWS), ROWS[CHARGE])
    assert scores == score(HOLDOUT[LABEL], churn_probability(model, HOLDOUT), threshold, HOLDOUT[CHARGE])
    assert written == {"threshold": threshold, **scores.as_dict()}
    assert 0 < threshold < 1


@pytest.mark.parametrize(
    "other",
    [
        HOLDOUT.with_columns(~pl.col(LABEL)),
        HOLDOUT.with_columns(pl.col(CHARGE) * 100),
        HOLDOUT.with_columns(region=pl.lit("atlantis"), tickets_3m=pl.lit(1e6)),
        marked_rows(5, customers=7, seed=2),
    ],
    ids=["other outcomes", "other charges", "other customers", "fewer customers"],
)
def test_another_hold_out_month_changes_no_byte_of_the_model_and_not_the_threshold(
    tmp_path: Path, other: pl.DataFrame
) -> None:
    answers = []
    for name, holdout in (("usual", HOLDOUT), ("other", other)):
        scores = train(lake_with(tmp_path / name, holdout), MONTH)
        folder = partition(tmp_path / name, "model", MONTH)
        threshold = json.loads((folder / "scores.json").read_text("utf-8"))["threshold"]
        answers.append(((folder / "model.skops").read_bytes(), threshold, scores))
    assert answers[0][:2] == answers[1][:2]
    assert answers[0][2] != answers[1][2], "the scores do depend on it"
