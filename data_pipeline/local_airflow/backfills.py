"""A backfill: a run for each month of a range. We wait for these runs and for everything downstream of their events."""

import time
from collections.abc import Iterator
from contextlib import suppress

import httpx

from churn.harness.errors import BadInput
from churn.harness.terminal import progress_bar
from churn.storage.months import first_day, last_day, month_range
from data_pipeline.local_airflow.client import Records
from data_pipeline.local_airflow.start import Airflow

ENDED = {"success", "failed"}
SECONDS_WITHOUT_PROGRESS = 600


def backfill(
    airflow: Airflow,
    dag: str,
    first: str,
    last: str,
    again: str = "none",
    may_fail: frozenset[tuple[str, str]] = frozenset(),
    then: str = "",
) -> None:
    """Run the months from `first` to `last`, and everything downstream, with a progress bar of months.

    `again` selects which months run again if they ran before: none, failed or completed. Raises BadInput when a run
    fails that is not in `may_fail`, a set of DAG and month. `then` names what is downstream, as a last step of the bar.
    """
    earlier = {run["dag_run_id"] for run in airflow.api.runs()}
    number = start_backfill(airflow, dag, first, last, again)
    waiting = set(month_range(first, last))
    months = first + (f" to {last}" if last > first else "")
    with progress_bar(f"{dag} {months}{then}", len(waiting) + bool(then), "data") as bar:
        for runs in runs_until_ended(airflow):
            started = {run["partition_key"] for run in runs if run["dag_id"] == dag}
            busy = {run["partition_key"] for run in runs if run["state"] not in ENDED}
            bar.advance(len(waiting & started - busy))
            waiting -= started - busy
        bar.advance(int(bool(then)))
    new = [run for run in finish_backfill(airflow, number) if run["dag_run_id"] not in earlier]
    failed = {(run["dag_id"], run["partition_key"]) for run in new if run["state"] == "failed"} - may_fail
    if failed:
        names = ", ".join(f"{dag} {month}" for dag, month in sorted(failed))
        raise BadInput(f"{names} failed: {airflow.folder / 'incidents.log'} says why")


def start_backfill(airflow: Airflow, dag: str, first: str, last: str, again: str = "none") -> int:
    """Return the backfill's number. Raises BadInput when there are no exports for a month of the range."""
    raise_if_outside(airflow.months, first, last)
    dates = {"from_date": f"{first_day(first)}T00:00:00Z", "to_date": f"{last_day(last)}T23:59:59Z"}
    content = {"dag_id": dag, **dates, "reprocess_behavior": again, "max_active_runs": 3}
    try:
        return int(airflow.api.post("backfills", content)["id"])
    except httpx.HTTPStatusError as error:
        raise BadInput(f"Airflow refuses the backfill: {error.response.json()['detail']}") from error


def finish_backfill(airflow: Airflow, number: int) -> Records:
    """Wait until every run has ended; return the runs."""
    *_, runs = runs_until_ended(airflow)
    with suppress(httpx.HTTPStatusError):  # Airflow has noticed the end itself
        # It looks every 30 s, and accepts no other backfill of the DAG until then.
        airflow.api.put(f"backfills/{number}/cancel")
    return runs


def raise_if_outside(months: list[str], first: str, last: str) -> None:
    """Raise BadInput for a range of months that is not within `months`."""
    if not months[0] <= first <= last <= months[-1]:
        raise BadInput(f"backfill of {first} to {last}: the operator's exports run from {months[0]} to {months[-1]}")


def runs_until_ended(airflow: Airflow) -> Iterator[Records]:
    """Yield Airflow's runs twice a second, until all have ended, with those that their events have started.

    Raises BadInput when Airflow dies or makes no progress.
    """
    before: dict[str, str] = {}
    changed = time.monotonic()
    while True:
        airflow.raise_if_one_died()
        runs = airflow.api.runs()
        yield runs
        states = {run["dag_run_id"]: run["state"] for run in runs}
        if set(states.values()) <= ENDED and _started_by_events(airflow) <= set(states):
            return
        if states != before:
            before, changed = states, time.monotonic()
        if time.monotonic() - changed > SECONDS_WITHOUT_PROGRESS:
            raise BadInput(f"no progress for {SECONDS_WITHOUT_PROGRESS} s: Airflow's logs are in {airflow.home}")
        time.sleep(0.5)


def _started_by_events(airflow: Airflow) -> set[str]:
    """Return the runs that the followed events have started; an event that has started none yet gives "to come".

    Events of `valid` start `features`. In `together`, events of `features` start `models`, unless that is paused.
    """
    return {
        run
        for dag, (asset, since) in airflow.followed.items()
        for event in airflow.api.get("assets/events", source_dag_id=dag, limit=10_000)["asset_events"]
        if event["name"] == asset and event["timestamp"] >= since
        for run in [run["run_id"] for run in event["created_dagruns"]] or ["to come"]
    }
