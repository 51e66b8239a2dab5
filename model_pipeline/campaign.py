"""The scorer that chooses the threshold: the value of the retention campaign, in euros.

A scorer sees outcomes and predictions, but a call's value also depends on what the customer pays. The scorer therefore
*requests* the charges, and scikit-learn passes those of exactly the rows being judged. This is metadata routing:
https://scikit-learn.org/stable/metadata_routing.html
"""

from typing import Any

import numpy as np
from sklearn.metrics import make_scorer

from churn.value import CALL_NO_ONE, campaign_value_eur

THRESHOLDS = np.append(np.geomspace(0.002, 0.95, 200), CALL_NO_ONE)  # calling nobody must be a choice


def campaign_scorer() -> Any:
    """Return the scorer. Metadata routing must be enabled: `config_context(enable_metadata_routing=True)`."""
    return make_scorer(campaign_value_eur).set_score_request(monthly_charge_eur=True)
