"""Score both models on customers they never saw. The terminal, the card and the plots show these figures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score

from churn.evaluation.scores import Scores, score
from churn.value import campaigns_without_a_model


@dataclass(frozen=True)
class Holdout:
    """The held-out customers: outcomes, both models' churn probabilities and thresholds. Arrays have shape (n,)."""

    churned: NDArray[np.bool_]
    baseline_probability: NDArray[np.float64]
    best_probability: NDArray[np.float64]
    baseline_threshold: float
    best_threshold: float
    monthly_charge: NDArray[np.float64] | None = None
    currency: str = "€"
    true_probability: NDArray[np.float64] | None = None  # only a simulator knows it

    @property
    def ceiling(self) -> float | None:
        """The ROC-AUC of the true probabilities, if they are known. Only luck can beat it."""
        return None if self.true_probability is None else float(roc_auc_score(self.churned, self.true_probability))

    def baseline_scores(self) -> Scores:
        return self._scores(self.baseline_probability, self.baseline_threshold)

    def best_scores(self) -> Scores:
        return self._scores(self.best_probability, self.best_threshold)

    def _scores(self, probability: NDArray[np.float64], threshold: float) -> Scores:
        """Without charges, the campaign's value is nan."""
        charge: ArrayLike = np.nan if self.monthly_charge is None else self.monthly_charge
        return score(self.churned, probability, threshold, np.broadcast_to(charge, self.churned.shape))


def score_table(holdout: Holdout) -> tuple[list[str], list[list[str]]]:
    """Return a header and rows to print: both models, then campaigns that need no model."""
    ceiling, charge = holdout.ceiling, holdout.monthly_charge
    header = ["", "ROC-AUC", "average precision", "log loss", "Brier"]
    rows = []
    for name, scores in (("baseline", holdout.baseline_scores()), ("best", holdout.best_scores())):
        figures = (scores.roc_auc, scores.average_precision, scores.log_loss, scores.brier)
        row = [name, *(f"{figure:.4f}" for figure in figures)]
        if ceiling is not None:
            row.insert(2, f"{ceiling - scores.roc_auc:.4f}")
        if charge is not None:
            row.append(euros(scores.campaign_value_eur))
        rows.append(row)
    if ceiling is not None:
        header.insert(2, "below ceiling")
    if charge is not None:
        header.append(f"campaign {holdout.currency}".rstrip())
        for name, value in campaigns_without_a_model(holdout.churned, charge).items():
            rows.append([f"calling {name}", *[""] * (len(header) - 2), euros(value)])
    return header, rows


def euros(amount: float) -> str:
    return f"{amount:,.0f}".replace("-", "−")
