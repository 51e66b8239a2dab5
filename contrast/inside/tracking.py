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
from churn.lake import months_of
from churn.storage.model_file import churn_probability
from tracking_pipeline import pipeline
from tracking_pipeline.promote import force, live_versions
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import CHALLENGER, CHAMPION, aliased, load_champion, model_name
from tracking_pipeline.safety.moves import history
from tracking_pipeline.safety.store import open_store, store_name
from tracking_pipeline.story.summary import stages


def run_month(data: OperatorData, lake: Path, insist: bool) -> dict[str, float]:
    """Run the months that the lake lacks, and the newest in any case. Returns the seconds of each stage."""
    due = [past for past in data.months if past not in months_of(lake, "features") or past == data.newest]
    pipeline.run(data.source, lake, due, data.seed)
    challenger, champion = aliased(CHALLENGER), aliased(CHAMPION)
    if insist and challenger and champion and challenger.version != champion.version:
        with month_run(data.newest, data.seed, "forced"):
            force(challenger)
    return {stage.name: stage.seconds for stage in stages()}


def answer(question: Path, place: Path) -> None:
    """Write the churn probabilities of these customers, by @champion."""
    customers = pl.read_parquet(question, glob=False)
    probability = churn_probability(load_champion().estimator, customers)
    customers.select("customer_id", churn_probability=pl.Series(probability)).write_parquet(place)


def forget_version_before() -> None:
    """Delete the version that was live before the present one."""
    MlflowClient().delete_model_version(model_name(), live_versions(history())[-2])


@exit_on_bad_input
def main() -> None:
    command = parser("contrast.inside.tracking", __doc__ or "")
    command.add_argument("verb", choices=["run", "release", "ask", "forget"])
    command.add_argument("--question", type=Path)
    command.add_argument("--answer", type=Path)
    arguments: Namespace = command.parse_args()
    data = operator_data(arguments)
    open_store(arguments.runs / "tracking", store_name(data))
    if arguments.verb in ("run", "release"):
        insist = arguments.verb == "release"
        print(json.dumps(run_month(data, arguments.runs / "tracking" / "lake", insist)))
    elif arguments.verb == "ask":
        answer(arguments.question, arguments.answer)
    else:
        forget_version_before()


if __name__ == "__main__":
    main()
