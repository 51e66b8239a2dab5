"""Promotion: which model version is live, why, and how to go back.

MLflow moves an alias when our code asks for it, and forgets where it was. The gate (gate.py) and the history are ours.
Every decision is a run with the scores of both models, so any month's live model can be found (story/lineage.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from churn.harness.errors import BadInput
from churn.train import training_and_holdout
from tracking_pipeline.gate import evaluated, reasons_against
from tracking_pipeline.record import child_run, find_runs, inherited_tags
from tracking_pipeline.registry import CHALLENGER, CHAMPION, aliased, load_version, model_name
from tracking_pipeline.safety.moves import MOVED, move_champion, settle_half_done_moves
from tracking_pipeline.story.plots import decision_plots


@dataclass(frozen=True)
class Decision:
    """One line of the history."""

    what: str  # promoted, refused, forced or rolled back
    month: str
    version: str  # the version that was decided about
    live: str  # the version that is live after the decision
    reasons: str


def decide(lake: Path, month: str) -> Decision:
    """Score @challenger and @champion on the hold-out month's customers; move @champion only if no gate objects.

    Raises BadInput if there is no challenger.
    """
    _, holdout = training_and_holdout(lake, month)
    challenger, champion = aliased(CHALLENGER), aliased(CHAMPION)
    if challenger is None:
        raise BadInput(f"{model_name()} has no @{CHALLENGER}: run train first")
    with child_run(f"version {challenger.version} judged", stage="deploy", role="decision"):
        rivals = {"challenger": challenger} | ({"champion": champion} if champion else {})
        scores = compared(rivals, holdout)
        if champion is None:
            return _make_live(challenger, "promoted", "nothing was live")
        if champion.tags["month"] > challenger.tags["month"]:
            return _record("refused", challenger, champion, f"@{CHAMPION} has learnt from newer months")
        if against := reasons_against(scores["challenger"], scores["champion"]):
            return _record("refused", challenger, champion, "; ".join(against))
        gained = scores["challenger"]["campaign_value_eur"] - scores["champion"]["campaign_value_eur"]
        return _make_live(challenger, "promoted", f"earns {gained:,.0f} € more than version {champion.version}")


def compared(rivals: dict[str, ModelVersion], holdout: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Score each version on the same customers, and log the scores and four plots. Returns the scores by name."""
    models = {name: load_version(version) for name, version in rivals.items()}
    scores = {name: evaluated(model, holdout) for name, model in models.items()}
    for name, metrics in scores.items():
        mlflow.log_metrics({f"{name}_{metric}": value for metric, value in metrics.items()})
    for file, plot in decision_plots(models, holdout):
        mlflow.log_figure(plot, file)
    return scores


def force(version: ModelVersion) -> Decision:
    """Make a version live without asking the gates. The history shows that they were not asked."""
    with child_run(f"version {version.version} forced", stage="deploy", role="decision"):
        return _make_live(version, "forced", "a person insisted")


def roll_back() -> Decision:
    """Undo the newest promotion that was not rolled back yet: the version before it is live again.

    Raises BadInput if there is none before it.
    """
    versions = live_versions(history())
    if len(versions) < 2:
        first = f"version {versions[0]} was the first to be live" if versions else "nothing was live so far"
        raise BadInput(f"{model_name()} has no version to go back to: {first}")
    *_, before, now = (MlflowClient().get_model_version(model_name(), number) for number in versions)
    with child_run(f"version {now.version} rolled back", stage="deploy", role="decision"):
        return _make_live(before, "rolled back", f"back to version {before.version}", about=now)


def history() -> list[Decision]:
    """Return all decisions since the registered model was made, oldest first."""
    settle_half_done_moves()
    decided = [run.data.tags for run in find_runs("tags.decision != ''")]
    return [_decision(tags) for tags in decided if tags["decision"] == "refused" or tags.get("alias") == MOVED]


def live_versions(decisions: Sequence[Decision]) -> list[str]:
    """Return the versions that became live and were not rolled back, in that order; the last one is live."""
    stack: list[str] = []
    for decision in decisions:
        if decision.what in ("promoted", "forced"):
            stack.append(decision.live)
        elif decision.what == "rolled back":
            stack.pop()
    return stack


def _make_live(version: ModelVersion, what: str, reasons: str, about: ModelVersion | None = None) -> Decision:
    settle_half_done_moves()
    decision = _record(what, about or version, version, reasons)
    move_champion(version)
    return decision


def _record(what: str, about: ModelVersion, live: ModelVersion, reasons: str) -> Decision:
    """Record a decision in the active run, whose month is the decision's."""
    tags = {"decision": what, "version": str(about.version), "live": str(live.version), "reasons": reasons}
    mlflow.set_tags(tags)
    return _decision(inherited_tags() | tags)


def _decision(tags: dict[str, str]) -> Decision:
    return Decision(tags["decision"], tags["month"], tags["version"], tags["live"], tags["reasons"])
