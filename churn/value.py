"""The value of a model in euros: a retention campaign calls customers, and some of those who would leave stay.

A call has a cost. A customer who stays keeps paying, and part of that is margin. This form is from Verbeke et al., "New
insights into churn prediction in the telecommunication sector: A profit driven data mining approach", European Journal
of Operational Research 218 (2012). The figures are assumptions of this teaching case: change them here.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

COST_PER_CALL_EUR = 4.0
SAVE_RATE = 0.30  # of the called customers who were about to leave
MARGIN = 0.45  # of the monthly charge
MONTHS_KEPT = 12  # a saved customer stays this long
CALL_NO_ONE = 1.01  # a threshold above every probability


def value_per_customer_eur(churned: ArrayLike, monthly_charge_eur: ArrayLike) -> NDArray[np.float64]:
    """Return what a call to each customer earns, in euros, shape (n,).

    Each call has a cost. A call to a customer who would leave also keeps SAVE_RATE of that customer's margin.
    """
    kept = SAVE_RATE * MARGIN * MONTHS_KEPT * np.asarray(monthly_charge_eur, dtype=float)
    return np.asarray(np.asarray(churned, dtype=bool) * kept - COST_PER_CALL_EUR)


def campaign_value_eur(churned: ArrayLike, called: ArrayLike, monthly_charge_eur: ArrayLike) -> float:
    """Return what a campaign earns in total, in euros. The three arguments have shape (n,); `called` is boolean."""
    return float(value_per_customer_eur(churned, monthly_charge_eur)[np.asarray(called, dtype=bool)].sum())


def best_threshold(churned: ArrayLike, churn_probability: ArrayLike, monthly_charge_eur: ArrayLike) -> float:
    """Return the threshold that earns most on these customers: call those with this churn probability or a higher one.

    Returns CALL_NO_ONE if every call would lose money. The three arguments have shape (n,).
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
    """Return what it earns to call everyone, no one, or a random tenth (expected value), in euros: figures to beat."""
    everyone = float(value_per_customer_eur(churned, monthly_charge_eur).sum())
    return {"everyone": everyone, "no one": 0.0, "a random tenth": everyone / 10}
