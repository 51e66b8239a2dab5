"""Lineage: which data, code and parameters made the model that was live in a month? And do they make it again?

    make lineage MONTH=2025-10

The record is tested. The model is loaded and asked again, and it is fitted again from the exports and the recorded
parameters alone. Both have to reproduce the predictions that were recorded in that month, within 1e-6.
"""

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from churn.build import build
from churn.collect import collect, data_fingerprint
from churn.harness.command import operator_data
from churn.harness.errors import BadInput
from churn.harness.same_answer import SAME_ANSWER, largest_difference
from churn.harness.terminal import console, print_table
from churn.lake import months_of
from churn.process import process
from churn.storage.months import add_months, month_range
from churn.train import fitted, training_and_holdout
from churn.validate import validate
from tracking_pipeline.candidates.estimators import Candidate, estimator
from tracking_pipeline.deploy import recorded_predictions, scored
from tracking_pipeline.promote import live_versions
from tracking_pipeline.record import find_runs
from tracking_pipeline.registry import LoadedModel, load_version, model_name, registered_version
from tracking_pipeline.safety.checked import DIGEST
from tracking_pipeline.safety.code import code_sha256
from tracking_pipeline.safety.moves import NOTHING, Decision, history, moved_by_hand
from tracking_pipeline.safety.store import open_store, store_name
from tracking_pipeline.story.bad_model import BAD, bad_model


@dataclass(frozen=True)
class Lineage:
    """The version that was live at a month's end, and everything that made it."""

    month: str
    version: ModelVersion
    decisions: list[Decision]  # of that month
    candidate: Candidate
    training_run: Run
    deploy_run: Run  # the run that recorded the month's predictions


def lineage(arguments: Namespace) -> None:
    """Print the lineage of a month's live model, then reproduce its predictions.

    Raises BadInput if no model was live in that month, or if the predictions are not reproduced.
    """
    month, arguments.month = arguments.month, None
    data = operator_data(arguments)
    month = month or data.newest
    if month > data.newest:
        raise BadInput(f"nothing was live in {month} yet: the newest export is that of {data.newest}")
    open_store(arguments.runs / "tracking", store_name(data))
    if moved := moved_by_hand(expected=live_versions(history())[-1]):
        console.print(f"{moved}; make rollback undoes that", soft_wrap=True)
    found = live_in(month)
    tags = found.training_run.data.tags
    same_code = "the code here" if tags["code_sha256"] == code_sha256() else "not the code here: check that commit out"
    decisions = [f"{made.what} {made.version} ({made.reasons})" for made in found.decisions]
    print_table(
        f"live at the end of {month}: {model_name()} version {found.version.version}",
        ["what", "which"],
        [
            ["decisions", "; ".join(decisions) or "none"],
            ["trained in", tags["month"]],
            ["data", f"exports {data.months[0]} to {tags['month']}, {tags['data_fingerprint'][:16]}…"],
            ["code", f"commit {tags['git_sha'][:12]}, {tags['code_sha256'][:16]}… ({same_code})"],
            ["candidate", found.candidate.name],
            ["threshold", found.training_run.data.params["threshold"]],
            ["model files", f"{found.version.tags[DIGEST][:16]}…"],
            ["runs", f"training {found.training_run.info.run_id}, predictions {found.deploy_run.info.run_id}"],
        ],
        "tracking",
    )
    differences = reproduced(found, data.source, data.months[0])
    for what, difference in differences.items():
        console.print(f"{what}: predictions differ by at most {difference:.1e} from the recorded ones")
    if max(differences.values()) > SAME_ANSWER:
        raise BadInput(f"the predictions of {month} are not reproduced: {same_code}")
    console.print("next: make ui-tracking")


def live_in(month: str) -> Lineage:
    """Find the version that was live in a month, and the runs that made it.

    Raises BadInput if no model was live or none predicted in that month.
    """
    decisions = history()
    until = [decision for decision in decisions if decision.month <= month]
    number = live_versions(until)[-1]
    if number == NOTHING:
        first = f"the first was in {decisions[0].month}" if decisions else "there is none yet: make demo-tracking"
        raise BadInput(f"no model of {model_name()} was live in {month}: {until[-1].reasons if until else first}")
    version = registered_version(number)
    if DIGEST not in version.tags:
        raise BadInput(f"version {number} of {model_name()} was registered by hand: there is no record of what made it")
    training = mlflow.get_run(str(version.run_id))
    parameters = {name: float(text) for name, text in training.data.params.items() if name != "threshold"}
    predicting = find_runs(f"tags.month = '{month}' AND tags.live_version = '{version.version}'")
    if not predicting:
        raise BadInput(f"version {version.version} of {model_name()} was live in {month}, but predicted nothing then")
    return Lineage(
        month,
        version,
        [decision for decision in decisions if decision.month == month],
        Candidate(training.data.tags["family"], parameters),
        training,
        predicting[-1],
    )


def reproduced(found: Lineage, source: Path, first_month: str) -> dict[str, float]:
    """Return the largest difference from the recorded predictions: of the model loaded, and of the model fitted again.

    Raises BadInput if the exports are no longer those that the model learnt from.
    """
    recorded = recorded_predictions(found.deploy_run.info.run_id)
    tags = found.training_run.data.tags
    with TemporaryDirectory() as folder:
        lake = Path(folder)
        fingerprint = _data_stages(source, lake, month_range(first_month, tags["month"]))
        if fingerprint != tags["data_fingerprint"]:
            raise BadInput(
                f"{source} is no longer what version {found.version.version} learnt from: its fingerprint is "
                f"{fingerprint[:12]}…, not {tags['data_fingerprint'][:12]}…"
            )
        build(lake, tags["month"])
        rows, _ = training_and_holdout(lake, tags["month"])
        model = bad_model() if found.candidate == BAD else estimator(found.candidate)
        again = LoadedModel(fitted(model, rows), found.version.version, 0.0)
        if later := month_range(tags["month"], found.month)[1:]:
            _data_stages(source, lake, later)
        return {
            "the model, loaded": largest_difference(scored(load_version(found.version), lake, found.month), recorded),
            "the model, fitted again": largest_difference(scored(again, lake, found.month), recorded),
        }


def _data_stages(source: Path, lake: Path, months: list[str]) -> str:
    """Run the plain data stages, which record nothing: a question about the past must not add to it."""
    for month in months:
        collect(source, lake, month)
        previous = add_months(month, -1)
        if validate(lake, month).late_rows and previous in months_of(lake, "features"):
            process(lake, previous)
        process(lake, month)
    return data_fingerprint(lake, months[-1])
