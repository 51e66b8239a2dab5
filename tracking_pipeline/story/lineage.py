"""Lineage: which data, code and parameters made what was live in a month? And does the answer make it again?

    make lineage MONTH=2025-10

The answer is not taken on trust. The model is opened and asked again; and it is made anew, from the exports and the
recorded parameters alone. Both have to repeat the predictions that were recorded in that month, within 1e-6.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import polars as pl
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from churn.build import build
from churn.collect import collect, data_fingerprint
from churn.harness.command import operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, print_table
from churn.lake import months_of
from churn.process import process
from churn.storage.months import add_months, month_range
from churn.train import fitted, training_and_holdout
from churn.validate import validate
from tracking_pipeline.build import Candidate, estimator
from tracking_pipeline.deploy import recorded_predictions, scored
from tracking_pipeline.promote import Decision, history, live_versions
from tracking_pipeline.record import code_sha256
from tracking_pipeline.registry import DIGEST, OpenModel, open_version
from tracking_pipeline.safety.store import open_store, registry_era, store_name, with_store_errors_as_sentences

TOLERANCE = 1e-6
NO_PARAMETER = {"threshold", "refitted"}  # recorded with them, but not what the model is built from


@dataclass(frozen=True)
class Answer:
    """What was live at a month's end, and what made it."""

    month: str
    version: ModelVersion
    decisions: list[Decision]  # of that month
    candidate: Candidate
    training_run: Run
    deploy_run: Run  # that recorded the month's predictions


def live_in(registered: str, month: str) -> Answer:
    """Find it. Raises BadInput, saying what there is, if no model was live or none predicted in that month."""
    decisions = history(registered)
    stack = live_versions([decision for decision in decisions if decision.month <= month])
    if not stack:
        first = f"the first was in {decisions[0].month}" if decisions else "there is none yet: make demo-tracking"
        raise BadInput(f"no model of {registered} was live in {month}: {first}")
    version = MlflowClient().get_model_version(registered, stack[-1])
    training = mlflow.get_run(version.tags["training_run"])
    parameters = {name: float(text) for name, text in training.data.params.items() if name not in NO_PARAMETER}
    return Answer(
        month,
        version,
        [decision for decision in decisions if decision.month == month],
        Candidate(training.data.tags["family"], parameters),
        training,
        _deploy_run(registered, month, version.version),
    )


def differences(answer: Answer, source: Path, first_month: str) -> dict[str, float]:
    """By how much predictions differ, at most, from the recorded ones: of the model opened, and of one made anew."""
    recorded = recorded_predictions(answer.deploy_run.info.run_id)
    tags = answer.training_run.data.tags
    with TemporaryDirectory() as folder:
        lake = Path(folder)
        fingerprint = _data_stages(source, lake, month_range(first_month, tags["month"]))
        if fingerprint != tags["data_fingerprint"]:
            raise BadInput(
                f"{source} is no longer what version {answer.version.version} learnt from: its fingerprint is "
                f"{fingerprint[:12]}…, not {tags['data_fingerprint'][:12]}…"
            )
        build(lake, tags["month"])
        rows, _ = training_and_holdout(lake, tags["month"])
        again = OpenModel(fitted(estimator(answer.candidate), rows), answer.version.version, 0.0)
        later = month_range(tags["month"], answer.month)[1:]
        if later:
            _data_stages(source, lake, later)
        opened = scored(open_version(answer.version), lake, answer.month)
        return {
            "the model, opened": largest_difference(opened, recorded),
            "the model, made anew": largest_difference(scored(again, lake, answer.month), recorded),
        }


def largest_difference(predictions: pl.DataFrame, recorded: pl.DataFrame) -> float:
    if not predictions["customer_id"].equals(recorded["customer_id"]):
        return float("inf")
    return float((predictions["churn_probability"] - recorded["churn_probability"]).abs().max())  # type: ignore[arg-type]


def _data_stages(source: Path, lake: Path, months: list[str]) -> str:
    """The plain answer's, which record nothing: whoever asks about the past must not add to it."""
    for month in months:
        collect(source, lake, month)
        before = add_months(month, -1)
        if validate(lake, month).late_rows and before in months_of(lake, "features"):
            process(lake, before)
        process(lake, month)
    return data_fingerprint(lake, months[-1])


def _deploy_run(registered: str, month: str, version: str) -> Run:
    query = f"tags.era = '{registry_era(registered)}' AND tags.month = '{month}' AND tags.live_version = '{version}'"
    found = mlflow.search_runs(experiment_names=[registered], filter_string=query, max_results=1, output_format="list")
    if not found:
        raise BadInput(f"version {version} of {registered} was live in {month}, but no predictions of it were recorded")
    return found[0]


@exit_on_bad_input
@with_store_errors_as_sentences
def main() -> None:
    arguments = parser("tracking_pipeline.story.lineage", "What made what was live in a month?").parse_args()
    month, arguments.month = arguments.month, None
    data = operator_data(arguments)
    month = month or data.months[-1]
    if month > data.months[-1]:
        raise BadInput(f"nothing was live in {month} yet: the newest export is that of {data.months[-1]}")
    name = store_name(data)
    open_store(arguments.runs / "tracking", name)
    answer = live_in(name, month)
    tags = answer.training_run.data.tags
    same_code = "the code here" if tags["code_sha256"] == code_sha256() else "not the code here: check that commit out"
    print_table(
        f"live at the end of {answer.month}: {name} version {answer.version.version}",
        ["what", "which"],
        [
            ["decisions", "; ".join(f"{one.what} {one.version} ({one.reasons})" for one in answer.decisions) or "none"],
            ["trained in", tags["month"]],
            ["data", f"exports {data.months[0]} to {tags['month']}, {tags['data_fingerprint'][:16]}…"],
            ["code", f"commit {tags['git_sha'][:12]}, {tags['code_sha256'][:16]}… ({same_code})"],
            ["candidate", answer.candidate.name],
            ["threshold", answer.training_run.data.params["threshold"]],
            ["model files", f"{answer.version.tags[DIGEST][:16]}…"],
            ["runs", f"training {answer.training_run.info.run_id}, predictions {answer.deploy_run.info.run_id}"],
        ],
        "tracking",
    )
    found = differences(answer, data.source, data.months[0])
    for what, difference in found.items():
        console.print(f"{what}: predictions differ by at most {difference:.1e} from the recorded ones")
    if max(found.values()) > TOLERANCE:
        raise BadInput(f"the answer does not repeat the predictions of {answer.month}: {same_code}")
    console.print("next: make ui-tracking")


if __name__ == "__main__":
    main()
