"""Score predictions on customers whose outcome is known: ranking, calibration, and euros."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from churn.value import campaign_value_eur


@dataclass(frozen=True)
class Scores:
    """Scores on one month's customers. The campaign calls everyone at or above the threshold."""

    roc_auc: float
    average_precision: float
    log_loss: float
    brier: float
    campaign_value_eur: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def score(churned: ArrayLike, churn_probability: ArrayLike, threshold: float, monthly_charge_eur: ArrayLike) -> Scores:
    """Score predictions of shape (n,). Raises ValueError when all customers have the same outcome."""
    probability = np.asarray(churn_probability, dtype=float)
    outcome = np.asarray(churned, dtype=bool)
    return Scores(
        roc_auc=float(roc_auc_score(outcome, probability)),
        average_precision=float(average_precision_score(outcome, probability)),
        log_loss=float(log_loss(outcome, probability)),
        brier=float(brier_score_loss(outcome, probability)),
        campaign_value_eur=round(campaign_value_eur(outcome, probability >= threshold, monthly_charge_eur), 2),
    )
