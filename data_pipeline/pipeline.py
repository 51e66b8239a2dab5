"""The wiring: three DAGs over monthly partitions. The README draws them.

- `exports` on the 1st of a month, for the previous month.
- `features` for every month that `validate` announces: its rows or its history have changed, however late.
- `predictions` on the 2nd of a month, for the previous month.
"""

from airflow.sdk import DAG

from data_pipeline.assets import monthly
from data_pipeline.build import build
from data_pipeline.collect import collect
from data_pipeline.deploy import deploy
from data_pipeline.train import train
from data_pipeline.validate import validate

# Airflow passes each task the arguments that it names, such as `partition_key`, when the task runs.

with DAG("exports", schedule=monthly("0 6 1 * *"), tags=["churn", "collect", "validate"]):
    collect() >> validate()

# The DAG features is in process.py: @asset makes a DAG out of one function, with its schedule.

with DAG("predictions", schedule=monthly("0 6 2 * *"), tags=["churn", "build", "train", "deploy"]):
    build() >> train() >> deploy()
