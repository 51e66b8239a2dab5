"""What a model is worth: a retention campaign in euros. Whom to call, what a call costs, what it keeps.

The figures are assumptions of this teaching case, plain to see and to change; the form (a cost per contact against a
margin kept by those whom the offer saves) is that of Verbeke et al., "New insights into churn prediction in the
telecommunication sector: A profit driven data mining approach", European Journal of Operational Research 218
(2012).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

COST_PER_CALL_EUR = 4.0
SAVE_RATE = 0.30  # of the customers who were about to leave and are called
MARGIN = 0.45  # of the monthly charge
MONTHS_KEPT = 12  # that a saved customer stays
CALL_NO_ONE = 1.01  # a threshold above every probability


def value_per_customer_eur(churned: ArrayLike, monthly_charge_eur: ArrayLike) -> NDArray[np.float64]:
    """What calling each customer earns, in euros, shape (n,): minus the call, plus the margin kept of those who would
    leave.
    """
    kept = SAVE_RATE * MARGIN * MONTHS_KEPT * np.asarray(monthly_charge_eur, dtype=float)
    return np.asarray(np.asarray(churned, dtype=bool) * kept - COST_PER_CALL_EUR)


def campaign_value_eur(churned: ArrayLike, called: ArrayLike, monthly_charge_eur: ArrayLike) -> float:
    """What a campaign earns in total, in euros. The three arguments have shape (n,); `called` is true for whom we
    call.
    """
    return float(value_per_customer_eur(churned, monthly_charge_eur)[np.asarray(called, dtype=bool)].sum())


def best_threshold(churned: ArrayLike, churn_probability: ArrayLike, monthly_charge_eur: ArrayLike) -> float:
    """The churn probability from which calling earns most, on these customers; CALL_NO_ONE if every call would lose
    money.
    """
    probability = np.asarray(churn_probability, dtype=float)
    order = np.argsort(-probability, kind="stable")
    earned = np.cumsum(value_per_customer_eur(churned, monthly_charge_eur)[order])
    ranked = probability[order]
    cut_here = np.append(ranked[1:] != ranked[:-1], True)  # customers of equal probability are called together
    earned = np.where(cut_here, earned, -np.inf)
    best = int(np.argmax(earned))
    return float(ranked[best]) if earned[best] > 0 else CALL_NO_ONE


def campaigns_without_a_model(churned: ArrayLike, monthly_charge_eur: ArrayLike) -> dict[str, float]:
    """What calling everyone, no one, or a random tenth (its expected value) earns, in euros: the figures to beat."""
    everyone = float(value_per_customer_eur(churned, monthly_charge_eur).sum())
    return {"everyone": everyone, "no one": 0.0, "a random tenth": everyone / 10}
