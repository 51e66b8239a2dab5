"""The tasks with which Airflow sets off the model half: hand a month over, then run it in containers or in processes.

`@task.external_python` runs a function with the Python of a different environment. Airflow's own environment needs
neither Docker's client nor MLflow, and the model half needs no Airflow.
"""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Variable, task
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from data_pipeline.assets import FEATURES, LABELS, MODEL, PREDICTIONS, TRAINING, first_month, lake_folder
from data_pipeline.build import out_of_date

PYTHON = os.environ.get("CHURN_TOGETHER_PYTHON", "python")


@task(inlets=[FEATURES, LABELS], retries=3, retry_delay=timedelta(seconds=10))
def hand_over(partition_key: str, run_id: str) -> str:
    """Write the hand-over of the month, and return its folder.

    An older month is skipped: its features were restated, but a model is trained on the newest month only.
    """
    from churn.lake import months_of
    from churn.storage.months import month_range
    from churn.tables import FEWEST_MONTHS_TO_LEARN
    from together.handover import hand_over as write

    lake, month = lake_folder(), partition_key
    newest = months_of(lake, "valid")[-1]
    if month < newest:
        raise AirflowSkipException(f"{month} was restated, but models learn from {newest} on")
    if len(month_range(first_month(), month)) < FEWEST_MONTHS_TO_LEARN:
        raise AirflowSkipException(f"{month}: learning takes {FEWEST_MONTHS_TO_LEARN} months")
    if stale := out_of_date(lake, month):
        raise AirflowException(f"{month} waits: {', '.join(stale)} will be made again")  # retried
    seed = Variable.get("churn_seed", default=None)
    experiment = Variable.get("churn_experiment")
    return str(write(lake.parent, month, run_id, experiment, None if seed is None else int(seed)))


@task.external_python(
    python=PYTHON,
    expect_airflow=False,
    inlets=[FEATURES, LABELS],
    outlets=[TRAINING, MODEL, PREDICTIONS],
    execution_timeout=timedelta(minutes=30),
)
def run_graph(handover: str) -> dict[str, Any]:
    """Run the model half in containers, with Kubeflow's graph. Return what each step took."""
    from pathlib import Path

    from together.engines.containers import run_graph as run

    return run(Path(handover))


@task.external_python(python=PYTHON, expect_airflow=False, outlets=[TRAINING], execution_timeout=timedelta(minutes=30))
def build(handover: str) -> str:
    """Split by time, in a process of the model half's environment."""
    from pathlib import Path

    from together.engines.process import build as run

    return run(Path(handover))


@task.external_python(python=PYTHON, expect_airflow=False, outlets=[MODEL], execution_timeout=timedelta(minutes=30))
def train(handover: str) -> str:
    """Search, calibrate, and register the result as @challenger."""
    from pathlib import Path

    from together.engines.process import train as run

    return run(Path(handover))


@task.external_python(
    python=PYTHON, expect_airflow=False, outlets=[PREDICTIONS], execution_timeout=timedelta(minutes=30)
)
def deploy(handover: str) -> str:
    """Let the challenger face the champion, then score the month's customers with the one that is live."""
    from pathlib import Path

    from together.engines.process import deploy as run

    return run(Path(handover))
