"""Decisions as runs, and whether @champion is where they say: after a kill, too, and after a click in the pages."""

from dataclasses import dataclass

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from tracking_pipeline.record import find_runs, inherited_tags
from tracking_pipeline.registry import CHAMPION, aliased, registered_versions

NOTHING = "none"  # a decision's tag `live`, when no version is live
TO_MOVE, MOVED, NOT_MOVED = "to move", "moved", "did not move"  # values of a decision's tag `alias`


@dataclass(frozen=True)
class Decision:
    """One line of the history."""

    what: str  # promoted, refused, forced, rolled back or moved by hand
    month: str
    version: str  # the version that was decided about
    live: str  # the version that is live after the decision, or NOTHING
    reasons: str


def history() -> list[Decision]:
    """Return all decisions since the registered model was made, oldest first."""
    settle_half_done_moves()
    found = [run.data.tags for run in _decisions()]
    holds = [tags for tags in found if tags["decision"] in ("refused", "moved by hand") or tags.get("alias") == MOVED]
    return [_decision(tags) for tags in holds]


def decided(what: str, about: str, live: str, reasons: str) -> Decision:
    """Record a decision in the active run, whose month is the decision's.

    It gets the next place in the history: a clock that is set back would put it in the wrong one.
    """
    place = max((_place(run) for run in _decisions()), default=0) + 1
    tags = {"decision": what, "version": str(about), "live": str(live), "reasons": reasons, "place": str(place)}
    mlflow.set_tags(tags)
    return _decision(inherited_tags() | tags)


def make_live(version: ModelVersion, what: str, reasons: str, about: str | None = None) -> Decision:
    """Record the decision and the intended move in the active run, make the move, then record that it happened.

    If the process dies in between, the alias shows whether it did.
    """
    decision = decided(what, about or version.version, version.version, reasons)
    mlflow.set_tag("alias", TO_MOVE)
    MlflowClient().set_registered_model_alias(version.name, CHAMPION, str(version.version))
    mlflow.set_tag("alias", MOVED)
    return decision


def settle_half_done_moves() -> None:
    """Look at the alias for each move that was announced, and record whether it happened."""
    live = live_number()
    for run in find_runs(f"tags.alias = '{TO_MOVE}'", deleted=False):
        if run.data.tags["live"] == live:
            MlflowClient().set_tag(run.info.run_id, "alias", MOVED)
        elif run.info.status != "RUNNING":  # else it is about to move
            MlflowClient().set_tag(run.info.run_id, "alias", NOT_MOVED)


def live_number() -> str:
    """Return the number of the version that @champion names, or NOTHING."""
    live = aliased(CHAMPION)
    return NOTHING if live is None else str(live.version)


def moved_by_hand(expected: str) -> str | None:
    """Return a sentence about where @champion is, or None if it is at the version that the history has."""
    live = live_number()
    if live == expected:
        return None
    if live == NOTHING and expected not in registered_versions():
        return f"version {expected} was live and was deleted in MLflow: nothing is live"
    names = "nothing" if live == NOTHING else f"version {live}"
    history_has = "nothing" if expected == NOTHING else f"version {expected}"
    return f"@{CHAMPION} was moved by hand: it names {names}, where the history has {history_has}"


def _decisions() -> list[Run]:
    """Return the runs of all decisions, in order. A run that was deleted in MLflow's pages still moved the alias."""
    return sorted(find_runs("tags.decision != ''"), key=_place)


def _place(run: Run) -> int:
    return int(run.data.tags.get("place", 0))


def _decision(tags: dict[str, str]) -> Decision:
    return Decision(tags["decision"], tags["month"], tags["version"], tags["live"], tags["reasons"])
