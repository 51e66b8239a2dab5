"""What the threshold is chosen by: euros, where it is known what each customer pays; else balanced accuracy.

A scorer sees outcomes and predictions. What a call earns depends on the customer's charge, too: the scorer
*requests* it, and scikit-learn hands over the charges of exactly the rows being judged (metadata routing).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import balanced_accuracy_score, make_scorer

from churn.value import campaign_value_eur
from model_pipeline.columns import Table

NO_ONE = 1.01  # a threshold that no probability reaches: the choice to call nobody must be on the list
THRESHOLDS = np.append(np.geomspace(0.002, 0.95, 200), NO_ONE)


def campaign_scorer(table: Table) -> Any:
    """For a table with charges, it must be used with metadata routing enabled."""
    if table.monthly_charge is None:
        return make_scorer(_balanced_accuracy, pos_label=table.positive)
    return make_scorer(_campaign_value, pos_label=table.positive).set_score_request(monthly_charge=True)


def _campaign_value(outcome: ArrayLike, called: ArrayLike, *, pos_label: object, monthly_charge: ArrayLike) -> float:
    return campaign_value_eur(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label, monthly_charge)


def _balanced_accuracy(outcome: ArrayLike, called: ArrayLike, *, pos_label: object) -> float:
    return float(balanced_accuracy_score(np.asarray(outcome) == pos_label, np.asarray(called) == pos_label))
