"""Test whether usage has shifted, with the Kolmogorov-Smirnov test of Frouros. Its newest release needs NumPy < 2.2.

Training needs NumPy 2.4. One environment cannot hold both, but two images can. See "Two versions of one library" in
README.md.
"""

from pathlib import Path
from typing import Any

from churn.lake import scan
from churn.storage.months import add_months

MOST_ROWS = 20_000  # of a month; more would find differences too small to matter


def usage_drift(lake: Path, month: str) -> dict[str, float | str]:
    """Compare the minutes per active day of this month with those of the previous month.

    Returns the distance between the two distributions (0 to 1), its p-value, and the version of NumPy.
    """
    try:
        import numpy as np
        from frouros.detectors.data_drift import KSTest
    except ImportError:  # without containers, all steps share one environment, and it has training's NumPy
        return {"usage_drift": "not tested: Frouros and training cannot share an environment"}
    test = KSTest()
    test.fit(X=_minutes(lake, add_months(month, -1)))
    result, _ = test.compare(X=_minutes(lake, month))
    return {
        "usage_drift": round(float(result.statistic), 4),
        "usage_drift_p_value": round(float(result.p_value), 4),
        "usage_drift_numpy": np.__version__,
    }


def _minutes(lake: Path, month: str) -> Any:
    minutes = scan(lake, "valid/usage", [month]).select("minutes").collect()["minutes"]
    return minutes.sample(min(len(minutes), MOST_ROWS), seed=0).to_numpy()
