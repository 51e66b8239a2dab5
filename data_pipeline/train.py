"""Training and Evaluating, the data pipeline's way: a model is one more partition, with its scores as metadata.

A data pipeline knows no more about a model than that. A search over a hundred models would be a hundred task
instances, and Airflow has no page that compares them: see the README.
"""

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.types import OutletEventAccessorsProtocol

from data_pipeline.assets import MODEL, TRAINING, lake_folder


@task(inlets=[TRAINING], outlets=[MODEL], execution_timeout=timedelta(hours=1))
def train(partition_key: str, outlet_events: OutletEventAccessorsProtocol) -> dict[str, float]:
    """Fit the baseline; return its scores on the held-out month."""
    from churn import train as plain

    lake, month = lake_folder(), partition_key
    scores = plain.train(lake, month).as_dict()
    outlet_events[MODEL].extra = scores
    return scores
