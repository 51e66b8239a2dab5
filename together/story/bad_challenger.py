"""A bad challenger while the endpoint answers: refused, forced live, rolled back. Prints what happened as JSON."""

import json
import time
from collections.abc import Callable

import httpx
import polars as pl

from churn.harness.errors import exit_on_bad_input
from churn.harness.processes import wait_until
from churn.lake import scan
from churn.tables import FEATURES
from churn.train import training_and_holdout
from together.story.question import asked
from tracking_pipeline.promote import decide, force, roll_back
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import load_champion
from tracking_pipeline.safety.moves import Decision
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
        answers = [followed(servers.endpoint, customers, champion.version, lambda: None)]
        bad = put_forward(BAD, bad_model(), champion.threshold, rows, month)
        refused = decide(lake, month, bad)
        decisions: list[Decision] = []
        answers.append(followed(servers.endpoint, customers, str(bad.version), lambda: decisions.append(force(bad))))
        answers.append(followed(servers.endpoint, customers, champion.version, lambda: decisions.append(roll_back())))
    made = [
        {"what": decision.what, "version": decision.version, "why": decision.reasons}
        for decision in (refused, *decisions)
    ]
    print(json.dumps({"answers": answers, "decisions": made}))


def followed(endpoint: str, customers: pl.DataFrame, version: str, move: Callable[[], object]) -> dict[str, object]:
    """Move the alias, and ask until the endpoint answers with that version. Returns the answers and the seconds."""
    with httpx.Client(base_url=endpoint, timeout=10, trust_env=False) as client:
        asked: list[dict[str, object]] = []

        def follows() -> bool:
            answer = client.post("/predict", json={"customers": customers.to_dicts()}).raise_for_status().json()
            asked.append(answer)
            return bool(answer["version"] == version)

        move()
        moved = time.perf_counter()
        wait_until(follows, SECONDS_TO_FOLLOW, f"the endpoint did not follow to version {version}", pause=0.05)
        seconds = time.perf_counter() - moved
    probabilities = [each["churn_probability"] for each in asked[-1]["predictions"]]  # type: ignore[attr-defined]
    return {"version": version, "seconds": round(seconds, 2), "requests": len(asked), "probabilities": probabilities}


if __name__ == "__main__":
    main()
