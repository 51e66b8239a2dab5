"""A backfill: a run for each month of a range, and waiting for them and for all that follows from their events."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.error import HTTPError

from churn.harness.errors import BadInput
from churn.harness.terminal import progress_bar
from churn.storage.months import first_day, last_day
from data_pipeline.local_airflow.client import Records, RestApi
from data_pipeline.local_airflow.start import Airflow

SECONDS_WITHOUT_PROGRESS = 600


def backfill(
    airflow: Airflow,
    dag: str,
    first: str,
    last: str,
    again: str = "none",
    may_fail: frozenset[tuple[str, str]] = frozenset(),
) -> None:
    """Run the months from `first` to `last`, and all that follows from them, with a bar by partition.

    `again` says which of the months that ran before run again: none, failed or completed. Raises BadInput when a run
    fails that may not.
    """
    earlier = {run["dag_run_id"] for run in airflow.api.runs()}
    number = start_backfill(airflow, dag, first, last, again)
    months = [month for month in airflow.months if first <= month <= last]
    with progress_bar(f"{dag} {first}" + (f" to {last}" if last > first else ""), len(months), "data") as bar:
        done = 0

        def show(runs: Records) -> None:
            nonlocal done
            busy = {run["partition_key"] for run in runs if run["state"] not in ("success", "failed")}
            here = {run["partition_key"] for run in runs if run["dag_id"] == dag}
            now = max(done, len((here - busy) & set(months)))
            bar.advance(now - done)
            done = now

        runs = wait_for_runs(airflow, show)
    end_backfill(airflow, number)
    new = [run for run in runs if run["dag_run_id"] not in earlier]
    failed = {(run["dag_id"], run["partition_key"]) for run in new if run["state"] == "failed"} - may_fail
    if failed:
        names = ", ".join(f"{dag} {month}" for dag, month in sorted(failed))
        raise BadInput(f"{names} failed: {airflow.folder / 'incidents.log'} says why")


def start_backfill(airflow: Airflow, dag: str, first: str, last: str, again: str = "none") -> int:
    """Returns the backfill's number. Raises BadInput for a range that is not within the months there are."""
    raise_if_outside(airflow.months, first, last)
    dates = {"from_date": f"{first_day(first)}T00:00:00Z", "to_date": f"{last_day(last)}T23:59:59Z"}
    try:
        content = {"dag_id": dag, **dates, "reprocess_behavior": again, "max_active_runs": 3}
        return int(airflow.api.ask("backfills", "POST", content)["id"])
    except HTTPError as error:
        raise BadInput(f"Airflow refuses the backfill: {json.load(error)['detail']}") from error


def raise_if_outside(months: list[str], first: str, last: str) -> None:
    """Raises BadInput for a range that is not within the months there are."""
    if not months[0] <= first <= last <= months[-1]:
        raise BadInput(f"backfill of {first} to {last}: the operator's exports run from {months[0]} to {months[-1]}")


def end_backfill(airflow: Airflow, number: int) -> None:
    """All its runs have ended. Airflow itself notices that every 30 s, and takes no other backfill until then."""
    with suppress(HTTPError):  # it has noticed
        airflow.api.ask(f"backfills/{number}/cancel", "PUT")


def wait_for_runs(airflow: Airflow, show: Callable[[Records], object] = lambda runs: None) -> Records:
    """Until every run has ended, and so has what followed from its events. Calls `show` with the runs so far.

    Returns the runs. Raises BadInput when Airflow dies, or nothing moves any more.
    """
    seen: dict[str, str] = {}
    changed = time.monotonic()
    while True:
        airflow.components.raise_if_one_died()
        runs = airflow.api.runs()
        show(runs)
        states = {run["dag_run_id"]: run["state"] for run in runs}
        if set(states.values()) <= {"success", "failed"} and _followed_up(airflow.api) <= set(states):
            return runs
        if states != seen:
            seen, changed = states, time.monotonic()
        if time.monotonic() - changed > SECONDS_WITHOUT_PROGRESS:
            raise BadInput(f"nothing has moved for {SECONDS_WITHOUT_PROGRESS} s: Airflow's logs are in {airflow.home}")
        time.sleep(0.5)


def _followed_up(api: RestApi) -> set[str]:
    """The runs that events of `valid` have led to; an event that has led to none yet counts as a run to come."""
    events = api.ask("assets/events", source_dag_id="exports", limit=10_000)["asset_events"]
    return {
        run
        for event in events
        if event["name"] == "valid"
        for run in [run["run_id"] for run in event["created_dagruns"]] or ["to come"]
    }
