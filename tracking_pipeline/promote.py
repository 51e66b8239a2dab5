"""Promotion: which model version is live, why, and how to go back.

MLflow moves an alias when it is told to, and forgets where it was. The gate (gate.py) and the history are ours: every
decision is a run of its own, with both sides' scores, so that any month's live model can be found (lineage.py).

    python -m tracking_pipeline.promote rollback
    python -m tracking_pipeline.promote force --version 4
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from churn.harness.command import operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from tracking_pipeline.gate import evaluated, reasons_against
from tracking_pipeline.record import MOST_RUNS, child_run, run_tags
from tracking_pipeline.registry import CHAMPION, champion, open_version
from tracking_pipeline.safety.store import open_store, registry_era, store_name, with_store_errors_as_sentences
from tracking_pipeline.story.plots import pictures

STAYS, TO_MOVE, MOVED, NOT_MOVED = "stays", "to move", "moved", "did not move"  # what became of it, a decision's tag


@dataclass(frozen=True)
class Decision:
    """One line of the history; `what` is promoted, refused, forced or rolled back."""

    what: str
    month: str
    version: str  # that it was about
    live: str  # that is live after it
    reasons: str


def decide(challenger: ModelVersion, holdout: pl.DataFrame, tags: dict[str, str]) -> Decision:
    """Hold the challenger against @champion on the same customers; move the alias only if no gate is against it."""
    live = champion(challenger.name)
    with child_run("deploy", tags, name=f"version {challenger.version} judged"):
        rivals = {"challenger": challenger} if live is None else {"challenger": challenger, "champion": live}
        models = {name: open_version(version) for name, version in rivals.items()}
        scores = {name: evaluated(model, holdout) for name, model in models.items()}
        for name, metrics in scores.items():
            mlflow.log_metrics({f"{name}_{metric}": value for metric, value in metrics.items()})
        for name, picture in pictures(models, holdout):
            mlflow.log_figure(picture, name)
        if live is None:
            return _move(challenger, "promoted", "nothing was live")
        if live.tags["month"] > challenger.tags["month"]:
            return _record(challenger, "refused", str(live.version), f"@{CHAMPION} has learnt from newer months")
        if against := reasons_against(scores["challenger"], scores["champion"]):
            return _record(challenger, "refused", str(live.version), "; ".join(against))
        gained = scores["challenger"]["campaign_value_eur"] - scores["champion"]["campaign_value_eur"]
        return _move(challenger, "promoted", f"earns {gained:,.0f} € more than version {live.version}")


def force(version: ModelVersion, tags: dict[str, str]) -> Decision:
    """Make a version live whatever the gates say. It is written down that they were not asked."""
    with child_run("deploy", tags, name=f"version {version.version} forced"):
        return _move(version, "forced", "somebody insisted")


def roll_back(registered: str, tags: dict[str, str]) -> Decision:
    """Undo the newest promotion that stands (not one that was rolled back): the version before it is live again.

    Raises BadInput if there is none before it.
    """
    stack = live_versions(history(registered))
    if len(stack) < 2:
        first = f"version {stack[0]} was the first to be live" if stack else "nothing was live so far"
        raise BadInput(f"{registered} has no version to go back to: {first}")
    before = MlflowClient().get_model_version(registered, stack[-2])
    with child_run("deploy", tags, name=f"version {stack[-1]} rolled back"):
        return _move(before, "rolled back", f"back to version {before.version}", about=stack[-1])


def history(registered: str) -> list[Decision]:
    """All decisions since the registered model was made, oldest first; what a killed one left half-way is settled."""
    _settle_half_done_moves(registered)
    tags = [run.data.tags for run in _runs(registered, "tags.decision != ''")]
    return [
        Decision(one["decision"], one["month"], one["version"], one["live"], one["reasons"])
        for one in tags
        if one["alias"] in (STAYS, MOVED)
    ]


def live_versions(decisions: Sequence[Decision]) -> list[str]:
    """The versions that became live and were not rolled back, in that order; the last one is live."""
    stack: list[str] = []
    for decision in decisions:
        if decision.what in ("promoted", "forced"):
            stack.append(decision.live)
        elif decision.what == "rolled back":
            stack.pop()
    return stack


def _move(to: ModelVersion, what: str, reasons: str, about: str | None = None) -> Decision:
    """Write down what is meant to happen, do it, write down that it has: killed in between, it is told by the alias."""
    _settle_half_done_moves(to.name)
    decision = _record(to, what, str(to.version), reasons, TO_MOVE, about)
    MlflowClient().set_registered_model_alias(to.name, CHAMPION, str(to.version))
    mlflow.set_tag("alias", MOVED)
    return decision


def _settle_half_done_moves(registered: str) -> None:
    """A process was killed, or lost the store, around its move: if the alias is where it was to be, the move counts."""
    live = champion(registered)
    for run in _runs(registered, f"tags.alias = '{TO_MOVE}' AND attributes.status != 'RUNNING'"):
        done = live is not None and run.data.tags["live"] == str(live.version)
        MlflowClient().set_tag(run.info.run_id, "alias", MOVED if done else NOT_MOVED)


def _record(
    version: ModelVersion, what: str, live: str, reasons: str, alias: str = STAYS, about: str | None = None
) -> Decision:
    decision = Decision(what, version.tags["month"], about or str(version.version), live, reasons)
    mlflow.set_tags({"decision": what, "version": decision.version, "live": live, "reasons": reasons, "alias": alias})
    return decision


def _runs(registered: str, query: str) -> list[Run]:
    """Runs since the registered model was made, oldest first."""
    return mlflow.search_runs(
        experiment_names=[registered],
        filter_string=f"tags.era = '{registry_era(registered)}' AND {query}",
        order_by=["attributes.end_time ASC"],
        max_results=MOST_RUNS,
        output_format="list",
    )


@exit_on_bad_input
@with_store_errors_as_sentences
def main() -> None:
    command = parser("tracking_pipeline.promote", "Move @champion by hand.")
    command.add_argument("what", choices=["force", "rollback"])
    command.add_argument("--version", help="of the registered model, to force")
    arguments = command.parse_args()
    data = operator_data(arguments)
    name = store_name(data)
    open_store(arguments.runs / "tracking", name)
    tags = run_tags(data.months[-1], data.seed, registry_era(name))
    if arguments.what == "rollback":
        decision = roll_back(name, tags)
    elif arguments.version is None:
        raise BadInput("say which version to force: --version 4")
    else:
        decision = force(MlflowClient().get_model_version(name, arguments.version), tags)
    console.print(f"{decision.what}: version {decision.live} of {name} is live ({decision.reasons})")
    console.print("what serves it reads the alias when it starts: restart it")


if __name__ == "__main__":
    main()
