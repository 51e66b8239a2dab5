"""The gate: scores on the hold-out month, the figures that it compares, and its exact limits."""

import numpy as np
import polars as pl
import pytest

from churn.evaluation.scores import score
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.train import fitted
from tests.witness import CHARGE, marked_rows
from tracking_pipeline.candidates.estimators import BASELINE, estimator
from tracking_pipeline.gate import calibration_error, evaluated, reasons_against
from tracking_pipeline.registry import LoadedModel

LIVE = {"roc_auc": 0.82, "calibration_error": 0.008, "campaign_value_eur": 5000.0}


@pytest.mark.parametrize(
    ("challenger", "reasons"),
    [
        ({"campaign_value_eur": 5001.0}, []),
        ({"campaign_value_eur": 5000.5}, ["campaign_value_eur 5,000 against 5,000"]),
        ({"campaign_value_eur": 5001.0, "roc_auc": 0.8151}, []),
        ({"campaign_value_eur": 5001.0, "roc_auc": 0.8149}, ["roc_auc 0.8149 against 0.8200"]),
        ({"campaign_value_eur": 5001.0, "calibration_error": 0.0129}, []),
        ({"campaign_value_eur": 5001.0, "calibration_error": 0.0131}, ["calibration_error 0.0131 against 0.0080"]),
        ({"campaign_value_eur": 5001.0, "calibration_error": 0.0}, []),
        (
            {"campaign_value_eur": -100.0, "roc_auc": 0.5, "calibration_error": 0.2},
            [
                "roc_auc 0.5000 against 0.8200",
                "calibration_error 0.2000 against 0.0080",
                "campaign_value_eur -100 against 5,000",
            ],
        ),
    ],
)
def test_a_challenger_may_lose_a_little_of_two_scores_and_must_earn_at_least_a_euro_more(
    challenger: dict[str, float], reasons: list[str]
) -> None:
    assert reasons_against({**LIVE, **challenger}, LIVE) == reasons


def test_calibration_error_by_hand() -> None:
    """Twenty customers are ten pairs. Each pair is off by the mean of its probabilities, and the last one by 0.1."""
    probability = [0.01 * pair for pair in range(9) for _ in range(2)] + [0.8, 1.0]
    churned = [0] * 18 + [1, 1]
    expected = (sum(0.01 * pair for pair in range(9)) + 0.1) / 10
    shuffled = np.random.default_rng(0).permutation(20)
    for order in (np.arange(20), shuffled):
        assert calibration_error(np.array(churned)[order], np.array(probability)[order]) == pytest.approx(expected)


def test_calibration_error_weighs_customers_and_not_groups() -> None:
    """Eleven customers: the first group has two, each other one."""
    assert calibration_error([1] + [0] * 10, [0.0] * 11) == pytest.approx(1 / 11)
    assert calibration_error([1], [0.25]) == pytest.approx(0.75), "most groups are empty"


def test_calibration_error_leaves_customers_of_equal_probability_in_their_order() -> None:
    """Otherwise another machine could sort them in a different way, and the gate could decide differently."""
    churned = [1] * 200 + [0] * 200
    assert calibration_error(churned, [0.2, 0.4] * 200) == pytest.approx(
        np.mean([0.8, 0.8, 0.3, 0.2, 0.2, 0.6, 0.6, 0.1, 0.4, 0.4])
    )


def test_a_version_is_scored_on_the_customers_given_with_its_own_threshold() -> None:
    holdout = marked_rows(5, seed=1)
    model = fitted(estimator(BASELINE), marked_rows(1, 2, 3))
    probability = churn_probability(model, holdout)
    for threshold in (0.05, 0.3):
        expected = score(holdout[LABEL], probability, threshold, holdout[CHARGE]).as_dict()
        error = calibration_error(holdout[LABEL], probability)
        found = evaluated(LoadedModel(model, "1", threshold), holdout)
        assert found == {**expected, "calibration_error": error}
    assert evaluated(LoadedModel(model, "1", 0.3), holdout.with_columns(~pl.col(LABEL)))["roc_auc"] < 0.5
