"""Print as JSON: the records of MLflow and of the endpoint, and the scores of the live model."""

import json
from contextlib import suppress
from typing import Any

import httpx

from churn.harness.errors import exit_on_bad_input
from churn.train import training_and_holdout
from together.story.question import asked
from tracking_pipeline.gate import evaluated
from tracking_pipeline.record import find_runs
from tracking_pipeline.registry import load_champion, registered_versions
from tracking_pipeline.safety.moves import history
from tracking_pipeline.safety.store import store_errors_as_sentences


@exit_on_bad_input
def main() -> None:
    arguments, servers = asked("together.story.records", "Print what MLflow and the endpoint recorded.", "--month")
    with store_errors_as_sentences():
        _, holdout = training_and_holdout(arguments.folder / "lake", arguments.month)
        champion = load_champion()
        runs = [
            {
                "name": run.info.run_name,
                "role": run.data.tags.get("role", ""),
                "month": run.data.tags.get("month", ""),
                "status": run.info.status,
                "began": run.info.start_time / 1000,
                "ended": (run.info.end_time or run.info.start_time) / 1000,
            }
            for run in find_runs("tags.role != ''")
        ]
        decisions = [vars(decision) for decision in history()]
        versions = {number: version.tags.get("candidate", "") for number, version in registered_versions().items()}
        scores = evaluated(champion, holdout)
    served: dict[str, Any] = {}
    with suppress(httpx.HTTPError):
        served = httpx.get(f"{servers.endpoint}/model", timeout=10, trust_env=False).json()
    live = {"version": champion.version, "threshold": champion.threshold, "scores": scores}
    found = {"runs": runs, "decisions": decisions, "versions": versions, "live": live, "endpoint": served}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
