"""The yardstick: where honest models end on the Telco table, and the mistake that goes beyond."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from threadpoolctl import threadpool_limits

from churn.data import telco as data
from model_pipeline.build import baseline, candidate
from model_pipeline.periods import halves
from model_pipeline.yardstick.telco import TELCO, FoldScores, fold_scores, folds, leak_scores, scored, spread

pytestmark = pytest.mark.slow

LEFT = (data.load()[data.TARGET] == "Yes").to_numpy()


@pytest.fixture(scope="module")
def of_15_folds() -> list[FoldScores]:
    """Three times five folds of the family that the search chooses in each of them, calibrated, and of the baseline."""
    table, found = data.load(), []
    with threadpool_limits(1):
        for train, test in folds(LEFT):
            for name, model in (
                ("baseline", baseline(TELCO)),
                ("splines", CalibratedClassifierCV(candidate(TELCO), cv=halves(None))),
            ):
                model.fit(table[train], LEFT[train])
                found.append(scored(name, LEFT[test], model.predict_proba(table[test])[:, 1]))
    return found


def mean(found: list[FoldScores], model: str, score: str) -> float:
    return float(np.mean([getattr(fold, score) for fold in found if fold.model == model]))


def test_splines_reach_the_honest_ceiling_of_the_table(of_15_folds: list[FoldScores]) -> None:
    assert 0.848 <= mean(of_15_folds, "splines", "roc_auc") <= 0.855
    assert mean(of_15_folds, "splines", "average_precision") >= 0.66
    assert mean(of_15_folds, "splines", "log_loss") <= 0.414


def test_straight_lines_stay_a_little_below(of_15_folds: list[FoldScores]) -> None:
    gain = mean(of_15_folds, "splines", "roc_auc") - mean(of_15_folds, "baseline", "roc_auc")
    assert 0.002 < gain < 0.010
    assert mean(of_15_folds, "baseline", "log_loss") > mean(of_15_folds, "splines", "log_loss")


def test_one_fold_differs_from_another_by_more_than_good_models_do(of_15_folds: list[FoldScores]) -> None:
    of_folds = [fold.roc_auc for fold in of_15_folds if fold.model == "splines"]
    assert max(of_folds) - min(of_folds) > 0.03
    assert spread(of_15_folds, "splines")[1].startswith("0.85")


def test_the_search_in_a_fold_gives_what_its_winner_gives(of_15_folds: list[FoldScores]) -> None:
    train, test = folds(LEFT)[0]
    searched = fold_scores(train, test)[1]
    assert searched.roc_auc == pytest.approx(of_15_folds[1].roc_auc, abs=0.003)


def test_resampling_before_the_split_is_the_leak_that_gives_0_99() -> None:
    leaking, honest = leak_scores(resample_before_split=True), leak_scores(resample_before_split=False)
    assert leaking.roc_auc > 0.99
    assert honest.roc_auc < 0.85
