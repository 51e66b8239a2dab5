"""A candidate is judged on the newest month of the training rows, and has learnt from the months before it alone."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn.evaluation.scores import score
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.train import fitted
from churn.value import best_threshold
from tests.witness import CHARGE, Question, marked_rows, watch
from tracking_pipeline.candidates import judged as module
from tracking_pipeline.candidates.estimators import CANDIDATES, Candidate, estimator
from tracking_pipeline.candidates.judged import judged, rows_to_search, split_off_newest_month

ROWS = marked_rows(1, 2, 3, 4)
PAST, NEWEST = frozenset({1, 2, 3}), frozenset({4})
ONE_OF_EACH_FAMILY = {candidate.family: candidate for candidate in CANDIDATES}.values()


def test_the_newest_month_is_split_off_and_no_row_is_lost() -> None:
    past, newest = split_off_newest_month(ROWS)
    assert_frame_equal(pl.concat([past, newest]), ROWS)
    assert newest["month"].unique().to_list() == ["2025-04"]


def test_a_single_month_is_both_because_there_is_no_other() -> None:
    only = marked_rows(4)
    for part in (*split_off_newest_month(only), *rows_to_search(only)):
        assert_frame_equal(part, only, check_row_order=False)


@pytest.mark.parametrize(("most_rows", "expected"), [(30_000, 180), (180, 180), (179, 179), (50, 50)])
def test_candidates_are_fitted_on_a_sample_of_the_past_and_judged_on_the_whole_newest_month(
    monkeypatch: pytest.MonkeyPatch, most_rows: int, expected: int
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS_TO_SEARCH", most_rows)
    past, newest = rows_to_search(ROWS)
    assert len(past) == past.n_unique() == expected
    assert set(past["month"]) == {"2025-01", "2025-02", "2025-03"}
    assert_frame_equal(newest, ROWS.filter(month="2025-04"))
    assert_frame_equal(rows_to_search(ROWS)[0], past)


@pytest.mark.parametrize("candidate", ONE_OF_EACH_FAMILY, ids=lambda candidate: candidate.family)
def test_a_candidate_is_asked_only_about_the_month_that_it_has_not_learnt_from(candidate: Candidate) -> None:
    with watch() as seen:
        judged(candidate, *rows_to_search(ROWS))
    assert seen.fits == [PAST]
    assert seen.questions == [Question(NEWEST, PAST, False)]


def test_another_newest_month_changes_the_scores_and_not_the_model() -> None:
    past, newest = rows_to_search(ROWS)
    usual, other = (judged(CANDIDATES[0], past, month) for month in (newest, newest.with_columns(~pl.col(LABEL))))
    assert churn_probability(usual.model, ROWS).tobytes() == churn_probability(other.model, ROWS).tobytes()
    assert usual.metrics["log_loss"] < other.metrics["log_loss"]


def test_threshold_and_metrics_are_those_of_the_newest_month() -> None:
    past, newest = rows_to_search(ROWS)
    trial = judged(CANDIDATES[1], past, newest)
    probability = churn_probability(fitted(estimator(CANDIDATES[1]), past), newest)
    assert trial.candidate == CANDIDATES[1]
    assert trial.threshold == best_threshold(newest[LABEL], probability, newest[CHARGE])
    assert trial.metrics == score(newest[LABEL], probability, trial.threshold, newest[CHARGE]).as_dict()
