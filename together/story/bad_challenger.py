"""A bad challenger while the endpoint answers: refused, forced live, rolled back. Prints what happened as JSON."""

import json
import time
from typing import Any

import httpx
import polars as pl

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.processes import wait_until
from churn.lake import scan
from churn.tables import FEATURES
from churn.train import training_and_holdout
from together.story.question import asked
from tracking_pipeline.promote import decide, force, roll_back
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import load_champion
from tracking_pipeline.safety.store import store_errors_as_sentences
from tracking_pipeline.story.bad_model import BAD, bad_model
from tracking_pipeline.train import put_forward

CUSTOMERS = 3
SECONDS_TO_FOLLOW = 60


@exit_on_bad_input
def main() -> None:
    arguments, servers = asked("together.story.bad_challenger", "Force a bad model live and roll it back.", "--month")
    lake, month = arguments.folder / "lake", arguments.month
    rows, _ = training_and_holdout(lake, month)
    customers = scan(lake, "features", [month]).select("customer_id", *FEATURES).head(CUSTOMERS).collect()
    with store_errors_as_sentences(), month_run(month, None, "bad model"):
        champion = load_champion()
        answers = [followed(servers.endpoint, customers, champion.version)]
        bad = put_forward(BAD, bad_model(), champion.threshold, rows, month)
        refused, forced = decide(lake, month, bad), force(bad)
        try:
            answers.append(followed(servers.endpoint, customers, str(bad.version)))
        finally:
            back = roll_back()
        answers.append(followed(servers.endpoint, customers, back.live))
    decisions = [{"what": made.what, "version": made.version, "why": made.reasons} for made in (refused, forced, back)]
    print(json.dumps({"answers": answers, "decisions": decisions}))


def followed(endpoint: str, customers: pl.DataFrame, version: str) -> dict[str, Any]:
    """Ask until the endpoint answers with that version, to which the alias has just moved.

    Returns the version, the seconds, the number of requests, and the probabilities. Raises BadInput if the endpoint
    does not answer, or does not follow.
    """
    asked: list[dict[str, Any]] = []
    body = {"customers": customers.to_dicts()}

    def follows() -> bool:
        asked.append(client.post("/predict", json=body).raise_for_status().json())
        return bool(asked[-1]["version"] == version)

    moved = time.perf_counter()
    try:
        with httpx.Client(base_url=endpoint, timeout=10, trust_env=False) as client:
            wait_until(follows, SECONDS_TO_FOLLOW, f"the endpoint did not follow to version {version}", pause=0.05)
    except httpx.HTTPError as error:
        raise BadInput(f"the endpoint at {endpoint} does not answer ({error})") from error
    return {
        "version": version,
        "seconds": round(time.perf_counter() - moved, 2),
        "requests": len(asked),
        "probabilities": [each["churn_probability"] for each in asked[-1]["predictions"]],
    }


if __name__ == "__main__":
    main()
