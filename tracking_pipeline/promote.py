"""Promotion: which model version is live, why, and how to go back.

MLflow moves an alias when our code asks for it, and forgets where it was. The gate (gate.py) and the history are ours.
Every decision is a run with the scores of both models, so any month's live model can be found (story/lineage.py).
How decisions are written and read again, after a kill or a click in MLflow's pages too: safety/moves.py.
"""

from collections.abc import Sequence
from pathlib import Path

import mlflow
import polars as pl
from mlflow.entities.model_registry import ModelVersion

from churn.harness.terminal import console
from churn.train import training_and_holdout
from tracking_pipeline.gate import evaluated, reasons_against
from tracking_pipeline.record import child_run
from tracking_pipeline.registry import CHAMPION, aliased, load_version
from tracking_pipeline.safety.moves import NOTHING, Decision, decided, history, live_number, make_live, moved_by_hand
from tracking_pipeline.safety.way_back import newest_that_opens
from tracking_pipeline.story.plots import decision_plots


def decide(lake: Path, month: str, challenger: ModelVersion) -> Decision:
    """Score a challenger and @champion on the hold-out month's customers; move @champion only if no gate objects.

    Raises BadInput if one of them cannot be opened.
    """
    _, holdout = training_and_holdout(lake, month)
    note_move_by_hand()
    champion = aliased(CHAMPION)
    with child_run(f"version {challenger.version} judged", stage="deploy", role="decision"):
        scores = compared(challenger, champion, holdout)
        if champion is None:
            return make_live(challenger, "promoted", "nothing was live")
        if champion.tags.get("month", "") > challenger.tags["month"]:
            return decided("refused", challenger.version, champion.version, f"@{CHAMPION} has learnt from newer months")
        if against := reasons_against(scores["challenger"], scores["champion"]):
            return decided("refused", challenger.version, champion.version, "; ".join(against))
        gained = scores["challenger"]["campaign_value_eur"] - scores["champion"]["campaign_value_eur"]
        return make_live(challenger, "promoted", f"earns {gained:,.0f} € more than version {champion.version}")


def compared(
    challenger: ModelVersion, champion: ModelVersion | None, holdout: pl.DataFrame
) -> dict[str, dict[str, float]]:
    """Score both versions on the same customers, and log the scores and four plots. Returns the scores by name."""
    rivals = {"challenger": challenger} | ({"champion": champion} if champion else {})
    models = {name: load_version(version) for name, version in rivals.items()}
    scores = {name: evaluated(model, holdout) for name, model in models.items()}
    for name, metrics in scores.items():
        mlflow.log_metrics({f"{name}_{metric}": value for metric, value in metrics.items()})
    for file, plot in decision_plots(models, holdout):
        mlflow.log_figure(plot, file)
    return scores


def force(version: ModelVersion) -> Decision:
    """Make a version live without asking the gates. The history shows that they were not asked.

    Raises BadInput if the version cannot be opened, because then it could not be served.
    """
    load_version(version)
    note_move_by_hand()
    with child_run(f"version {version.version} forced", stage="deploy", role="decision"):
        return make_live(version, "forced", "a person insisted")


def roll_back() -> Decision:
    """Undo the newest move that was not rolled back yet: the version before it is live again.

    A version that was deleted or cannot be opened is passed over. Raises BadInput if there is none before it.
    """
    note_move_by_hand()
    *before, live = live_versions(history())
    back, gone = newest_that_opens(number for number in before if number not in (live, NOTHING))
    with child_run(f"version {live} rolled back", stage="deploy", role="decision"):
        return make_live(back, "rolled back", f"{gone}back to version {back.version}", about=live)


def live_versions(decisions: Sequence[Decision]) -> list[str]:
    """Return what was live and was not rolled back, in that order; the last one is live. It begins with NOTHING."""
    stack = [NOTHING]
    for decision in decisions:
        if decision.what == "rolled back":
            while len(stack) > 1 and stack[-1] != decision.live:  # rolled back, or passed over
                stack.pop()
        if stack[-1] != decision.live:
            stack.append(decision.live)
    return stack


def note_move_by_hand() -> None:
    """Print a move of @champion that this pipeline did not make, and add it to the history."""
    if moved := moved_by_hand(expected=live_versions(history())[-1]):
        console.print(moved, soft_wrap=True)
        with child_run(f"@{CHAMPION} moved by hand", stage="deploy", role="decision"):
            decided("moved by hand", live_number(), live_number(), moved)
