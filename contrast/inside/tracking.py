"""Inside the environment of MLflow: one month of the tracking pipeline, without the story that its demo tells.

python -m contrast.inside.tracking run|release|ask|forget --source … --runs … --month …
"""

import json
from argparse import Namespace
from pathlib import Path

import polars as pl
from mlflow import MlflowClient

from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.report import StageClock
from churn.lake import months_of
from churn.storage.model_file import churn_probability
from tracking_pipeline import pipeline
from tracking_pipeline.promote import force, history, live_versions
from tracking_pipeline.record import run_tags
from tracking_pipeline.registry import open_champion
from tracking_pipeline.safety.store import open_store, registry_era, store_name


def run_month(data: OperatorData, lake: Path, name: str, insist: bool) -> dict[str, float]:
    """The months that the lake lacks, and the newest in any case. Returns the seconds of each stage."""
    month = data.months[-1]
    due = [past for past in data.months if past not in months_of(lake, "features") or past == month]
    tags, clock = run_tags(month, data.seed, registry_era(name)), StageClock()
    new = pipeline.run(data.source, lake, due, name, tags, clock)
    if insist and new.decision.live != str(new.challenger.version):
        force(new.challenger, tags)
    return clock.seconds


def answer(name: str, question: Path, place: Path) -> None:
    """What @champion says of these customers."""
    customers = pl.read_parquet(question)
    probability = churn_probability(open_champion(name).estimator, customers)
    customers.select("customer_id", churn_probability=pl.Series(probability)).write_parquet(place)


def forget_version_before(name: str) -> None:
    """Delete the version that was live before the one that is."""
    MlflowClient().delete_model_version(name, live_versions(history(name))[-2])


@exit_on_bad_input
def main() -> None:
    command = parser("contrast.inside.tracking", __doc__ or "")
    command.add_argument("verb", choices=["run", "release", "ask", "forget"])
    command.add_argument("--question", type=Path)
    command.add_argument("--answer", type=Path)
    arguments: Namespace = command.parse_args()
    data = operator_data(arguments)
    name = store_name(data)
    open_store(arguments.runs / "tracking", name)
    if arguments.verb in ("run", "release"):
        insist = arguments.verb == "release"
        print(json.dumps(run_month(data, arguments.runs / "tracking" / "lake", name, insist)))
    elif arguments.verb == "ask":
        answer(name, arguments.question, arguments.answer)
    else:
        forget_version_before(name)


if __name__ == "__main__":
    main()
