"""A move of @champion that a killed process left half done: did it happen, or not?"""

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from tracking_pipeline.record import find_runs
from tracking_pipeline.registry import CHAMPION, aliased

TO_MOVE, MOVED, NOT_MOVED = "to move", "moved", "did not move"  # values of a decision's tag `alias`


def move_champion(to: ModelVersion) -> None:
    """Record the intended move in the active run, make it, then record that it happened.

    If the process dies in between, the alias shows whether it did.
    """
    mlflow.set_tag("alias", TO_MOVE)
    MlflowClient().set_registered_model_alias(to.name, CHAMPION, str(to.version))
    mlflow.set_tag("alias", MOVED)


def settle_half_done_moves() -> None:
    """Look at the alias for each move that was announced by a run that has ended, and record whether it happened."""
    live = aliased(CHAMPION)
    for run in find_runs(f"tags.alias = '{TO_MOVE}' AND attributes.status != 'RUNNING'"):
        done = live is not None and run.data.tags["live"] == str(live.version)
        MlflowClient().set_tag(run.info.run_id, "alias", MOVED if done else NOT_MOVED)
