"""The wiring: Airflow owns the months. What it sets off is a Kubeflow graph, or, in the smaller nest, three processes.

Inside of both, MLflow keeps the record and scikit-learn's Pipeline travels with the model.
"""

import os

from airflow.sdk import DAG, PartitionedAssetTimetable

from data_pipeline.assets import FEATURES, monthly
from data_pipeline.collect import collect
from data_pipeline.process import process as features  # a DAG by itself
from data_pipeline.validate import validate
from together.tasks import build, deploy, hand_over, run_graph, train

__all__ = ["features"]
IN_CONTAINERS = os.environ.get("CHURN_NEST") != "two"

with DAG("exports", schedule=monthly("0 6 1 * *"), tags=["churn", "collect", "validate"]):
    collect() >> validate()

with DAG("models", schedule=PartitionedAssetTimetable(assets=FEATURES), tags=["churn", "build", "train", "deploy"]):
    handover = hand_over()
    if IN_CONTAINERS:
        run_graph(handover)
    else:
        deploy(train(build(handover)))
