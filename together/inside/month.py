"""One stage of a month as a run in MLflow, with what says where it came from."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

import mlflow
from mlflow.entities import Run

from model_pipeline.model_file.review import TRUSTED
from together.handover import Handover
from tracking_pipeline.record import month_run, stage_run
from tracking_pipeline.safety.checked import also_trust
from tracking_pipeline.safety.store import open_store, store_errors_as_sentences

IMAGE = "CHURN_IMAGE"  # a variable in the container; without containers, there is none
LOGS = "CHURN_LOGS"  # the folder of MLflow's log; in a container, the temporary one


def open_registry(experiment: str, logs: Path | None = None) -> None:
    """Record in MLflow's experiment, and trust the types that the model pipeline's review has trusted."""
    also_trust(TRUSTED)
    open_store(logs or Path(os.environ.get(LOGS, gettempdir())), experiment)


@contextmanager
def stage_of(handover: Handover, stage: str) -> Iterator[Run]:
    """Open the runs of a stage. They carry the run in Airflow, the commit and the image. MLflow's errors are sentences.

    Each stage has its own run at the top, because each may be in a different container.
    """
    with store_errors_as_sentences():
        open_registry(handover.experiment)
        with month_run(handover.month, handover.seed, stage) as run:
            tags = {
                "airflow_run": handover.airflow_run,
                "git_sha": handover.commit,
                "data_fingerprint": handover.data_fingerprint,
                "image": os.environ.get(IMAGE, "none"),
            }
            mlflow.set_tags(tags)
            with stage_run(stage):
                mlflow.set_tags(tags)
                mlflow.log_dict(handover.tables, "handover.json")
                yield run
