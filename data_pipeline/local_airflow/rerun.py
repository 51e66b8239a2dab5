"""Run a month again, for whatever reason it failed: a broken export, a killed task, a full disk.

What Airflow recorded as done before the failure is not done again. A month without a failure runs again from its
export, and its tables stay the same, byte for byte.
"""

from churn.harness.terminal import console
from churn.tables import FEWEST_MONTHS_TO_LEARN
from data_pipeline.local_airflow.backfills import backfill
from data_pipeline.local_airflow.client import only_the_predictions_failed
from data_pipeline.local_airflow.start import Airflow


def rerun(airflow: Airflow, first: str, last: str) -> None:
    """Run the months from `first` to `last` again, and score the last of them."""
    if only_the_predictions_failed(airflow.api.runs(), last):
        console.print(f"exports and features of {last} are done: only predictions runs again")
    else:
        backfill(airflow, "exports", first, last, again="completed")
    if last >= airflow.months[FEWEST_MONTHS_TO_LEARN - 1]:
        backfill(airflow, "predictions", last, last, again="completed")
