"""How good is it on customers it never saw? The figures that the terminal, the card and the pictures show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score

from churn.evaluation.scores import Scores, score
from churn.value import campaigns_without_a_model


@dataclass(frozen=True)
class Holdout:
    """What is known about the held-out customers; arrays of shape (n,)."""

    left: NDArray[np.bool_]
    baseline: NDArray[np.float64]  # churn probabilities
    best: NDArray[np.float64]
    baseline_threshold: float
    threshold: float
    monthly_charge: NDArray[np.float64] | None = None
    currency: str = "€"
    truth: NDArray[np.float64] | None = None  # true churn probabilities, which only a simulator knows

    @property
    def ceiling(self) -> float | None:
        """The ROC-AUC of the true probabilities: nobody can do better, but for luck."""
        return None if self.truth is None else float(roc_auc_score(self.left, self.truth))

    def scores(self, which: str) -> Scores:
        """`which`: "baseline" or "best". Without charges, the campaign's value is nan."""
        probability, threshold = (
            (self.baseline, self.baseline_threshold) if which == "baseline" else (self.best, self.threshold)
        )
        charge: ArrayLike = np.nan if self.monthly_charge is None else self.monthly_charge
        return score(self.left, probability, threshold, np.broadcast_to(charge, self.left.shape))


def score_table(holdout: Holdout) -> tuple[list[str], list[list[str]]]:
    """Header and rows: both models, and what needs no model at all."""
    header = ["", "ROC-AUC", "average precision", "log loss", "Brier"]
    rows = []
    for which in ("baseline", "best"):
        scores = holdout.scores(which)
        rows.append(
            [
                which,
                f"{scores.roc_auc:.4f}",
                f"{scores.average_precision:.4f}",
                f"{scores.log_loss:.4f}",
                f"{scores.brier:.4f}",
            ]
        )
        if holdout.monthly_charge is not None:
            rows[-1].append(euros(scores.campaign_value_eur))
        if holdout.ceiling is not None:
            rows[-1].insert(2, f"{holdout.ceiling - scores.roc_auc:.4f}")
    if holdout.ceiling is not None:
        header.insert(2, "below ceiling")
    if holdout.monthly_charge is not None:
        header.append(f"campaign {holdout.currency}".rstrip())
        for name, value in campaigns_without_a_model(holdout.left, holdout.monthly_charge).items():
            rows.append([f"calling {name}", *[""] * (len(header) - 2), euros(value)])
    return header, rows


def euros(amount: float) -> str:
    return f"{amount:,.0f}".replace("-", "−")
