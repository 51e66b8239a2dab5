"""Honest models end where the essay says they do on the Telco table, and the mistake goes beyond."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV

from model_pipeline.build import spline_regression
from model_pipeline.periods import STRATIFIED_FOLDS
from model_pipeline.yardstick import telco
from model_pipeline.yardstick.__main__ import row
from model_pipeline.yardstick.telco import CATEGORICAL, NUMERIC, Scores, fold_scores, leak_scores

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def baseline() -> Scores:
    return fold_scores(telco.baseline)


@pytest.fixture(scope="module")
def splines() -> Scores:
    """The family that the search chooses in each fold, calibrated. The search itself would take minutes."""
    return fold_scores(CalibratedClassifierCV(spline_regression(NUMERIC, CATEGORICAL), cv=STRATIFIED_FOLDS))


def test_splines_reach_the_honest_ceiling_of_the_table(splines: Scores) -> None:
    assert 0.848 <= splines["ROC-AUC"].mean() <= 0.855
    assert splines["average precision"].mean() >= 0.66
    assert splines["log loss"].mean() <= 0.414


def test_straight_lines_stay_a_little_below(baseline: Scores, splines: Scores) -> None:
    assert row("baseline", baseline)[1] == "0.8452 ± 0.0141"
    assert 0.002 < splines["ROC-AUC"].mean() - baseline["ROC-AUC"].mean() < 0.010
    assert baseline["log loss"].mean() > splines["log loss"].mean()


def test_one_fold_differs_from_the_next_by_more_than_good_models_do(splines: Scores) -> None:
    assert np.ptp(splines["ROC-AUC"]) > 0.03


def test_the_search_in_a_fold_gives_what_its_winner_gives(splines: Scores) -> None:
    first = next(telco.FOLDS.split(telco.X, telco.y))
    searched = fold_scores(telco.SearchedAndCalibrated(), [first])
    assert searched["ROC-AUC"][0] == pytest.approx(splines["ROC-AUC"][0], abs=0.003)


def test_resampling_before_the_split_is_the_leak_that_gives_0_99() -> None:
    leaking, honest = leak_scores(resample_before_split=True), leak_scores(resample_before_split=False)
    assert row("leak", leaking)[1] == "0.9981"
    assert row("honest", honest)[1] == "0.8235"
