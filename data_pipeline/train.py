"""Training and Evaluating, the data pipeline's way: a model is a partition, too, with its scores as metadata.

That is all a data pipeline knows of it. Trying a hundred models would be a hundred task instances, and nothing here
could say which of them won: see the README.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import task

from data_pipeline.assets import MODEL, TRAINING, lake


@task(inlets=[TRAINING], outlets=[MODEL], execution_timeout=timedelta(hours=1))
def train(**context: Any) -> dict[str, float]:
    """Fit the baseline; return its scores on the month held out."""
    import churn.train

    scores = churn.train.train(lake(), context["partition_key"]).as_dict()
    context["outlet_events"][MODEL].extra = scores
    return scores
