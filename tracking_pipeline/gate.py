"""The gate: a challenger takes the champion's place only if it is better on the same customers."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from churn.evaluation.scores import score
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from tracking_pipeline.registry import LoadedModel

TENTHS = 10


@dataclass(frozen=True)
class Gate:
    """The least that a challenger must gain on the champion. A negative gain is a loss that is allowed.

    `mlflow.models.MetricThreshold` takes no negative gain, so it cannot express "not much worse".
    """

    metric: str
    least_gain: float
    higher_is_better: bool = True


GATES = [
    Gate("roc_auc", -0.005),
    Gate("calibration_error", -0.005, higher_is_better=False),
    Gate("campaign_value_eur", 1.0),
]


def calibration_error(churned: ArrayLike, churn_probability: ArrayLike) -> float:
    """Return the mean distance between predicted and actual churn rate over ten equal groups, sorted by prediction.

    Both arguments have shape (n,). This is the expected calibration error, with groups of equal size, of Naeini et al.,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    probability = np.asarray(churn_probability, dtype=float)
    outcome = np.asarray(churned, dtype=float)
    groups = np.array_split(np.argsort(probability, kind="stable"), TENTHS)
    gaps = [abs(probability[group].mean() - outcome[group].mean()) * len(group) for group in groups if len(group)]
    return float(sum(gaps) / len(probability))


def evaluated(model: LoadedModel, holdout: pl.DataFrame) -> dict[str, float]:
    """Return the scores of a model version on customers whose outcome is known."""
    probability = churn_probability(model.estimator, holdout)
    scores = score(holdout[LABEL], probability, model.threshold, holdout["monthly_charge_eur"])
    return {**scores.as_dict(), "calibration_error": calibration_error(holdout[LABEL], probability)}


def reasons_against(challenger: dict[str, float], live: dict[str, float]) -> list[str]:
    """Return the reasons why the challenger may not take the champion's place; none if it may."""
    reasons = []
    for gate in GATES:
        gain = (challenger[gate.metric] - live[gate.metric]) * (1 if gate.higher_is_better else -1)
        if gain < gate.least_gain:
            reasons.append(f"{gate.metric} {_figure(challenger[gate.metric])} against {_figure(live[gate.metric])}")
    return reasons


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4f}"
