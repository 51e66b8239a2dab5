"""The hold-out month measures. It has no part in the model and none in the threshold."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from threadpoolctl import threadpool_info

from churn.evaluation.scores import score
from churn.harness.errors import BadInput
from churn.lake import partition
from churn.storage.model_file import churn_probability, load_model
from churn.tables import FEATURES, LABEL
from churn.train import fitted, train, training_and_holdout
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
        train(lake_with(tmp_path / "a [lake]*", HOLDOUT), MONTH)
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


OTHERS: dict[str, Callable[[], pl.DataFrame]] = {
    "other outcomes": lambda: HOLDOUT.with_columns(~pl.col(LABEL)),
    "other charges": lambda: HOLDOUT.with_columns(pl.col(CHARGE) * 100),
    "other customers": lambda: HOLDOUT.with_columns(region=pl.lit("atlantis"), tickets_3m=pl.lit(1e6)),
    "fewer customers": lambda: marked_rows(5, customers=7, seed=2),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_hold_out_month_changes_no_byte_of_the_model_and_not_the_threshold(tmp_path: Path, other: str) -> None:
    answers = []
    for name, holdout in (("usual", HOLDOUT), ("other", OTHERS[other]())):
        scores = train(lake_with(tmp_path / name, holdout), MONTH)
        folder = partition(tmp_path / name, "model", MONTH)
        threshold = json.loads((folder / "scores.json").read_text("utf-8"))["threshold"]
        answers.append(((folder / "model.skops").read_bytes(), threshold, scores))
    assert answers[0][:2] == answers[1][:2]
    assert answers[0][2] != answers[1][2], "the scores do depend on it"


def test_without_the_tables_of_build_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"^training of {MONTH} is missing in .*: run build for {MONTH} first$"):
        training_and_holdout(tmp_path, MONTH)


class Learner:
    """Learn nothing, and note what `fit` is given, and how many threads it may use."""

    def fit(self, X: pl.DataFrame, y: object) -> "Learner":
        self.columns, self.outcome = X.columns, y
        self.threads = {pool["num_threads"] for pool in threadpool_info()}
        return self


def test_a_model_is_fitted_on_features_and_label_alone_by_one_thread() -> None:
    """With more threads, sums would come out in another order on another machine."""
    model = fitted(Learner(), ROWS)
    assert model.columns == FEATURES
    assert model.outcome.tolist() == ROWS[LABEL].to_list()
    assert model.threads == {1}
