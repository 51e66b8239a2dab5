"""The operator's monthly exports: five tables a month, in Parquet, as a data team would find them on a file server.

    source/month=2025-03/customers/part-00000.parquet     customers who joined (in the first month: everyone)
    source/month=2025-03/usage/part-00000.parquet         a row per customer and active day; some come a month late
    source/month=2025-03/manifest.json                    each file's rows, bytes and SHA-256; written last
    truth/month=2025-03/part-00000.parquet                true probabilities, which no pipeline may read

A file holds whole customers: block 0 of the customers is part 0 of every table of every month.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.checks.manifest import MANIFEST, write_manifest
from churn.harness.errors import BadInput
from churn.lake import write
from churn.simulator.behaviour import BlockMonth, Columns, block_count, simulate
from churn.simulator.staging import staging_beside
from churn.simulator.usage_days import usage_rows
from churn.simulator.world import World
from churn.storage.atomic import swap_in
from churn.storage.months import first_day
from churn.tables import CONTRACTS, PLANS, REGIONS


def export(
    world: World,
    source: Path,
    months: Iterable[str] | None = None,
    advance: Callable[[], object] = lambda: None,
) -> None:
    """Export `months` (default: all of the world's) to `source`, and their truth to the folder `truth` next to it.

    Blocks run side by side, one per core. A month appears when all its tables are written; running it again gives the
    same bytes. `advance` is called once per block and month, from any thread.
    """
    wanted = list(months) if months is not None else world.all_months()
    for month in wanted:
        if month not in world.all_months():
            raise BadInput(
                f"MONTH={month} is outside the world, which runs from {world.first_month} to {world.last_month}"
            )
    source.parent.mkdir(parents=True, exist_ok=True)
    with staging_beside(source) as staging:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            blocks = range(block_count(world))
            running = [threads.submit(_export_block, world, block, staging, set(wanted), advance) for block in blocks]
            try:
                for block in running:
                    block.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        for month in sorted(wanted):
            write_manifest(staging / "source" / f"month={month}")
            swap_in(staging / "truth" / f"month={month}", source.with_name("truth") / f"month={month}")
            swap_in(staging / "source" / f"month={month}", source / f"month={month}")


def unfinished(source: Path, months: Iterable[str]) -> list[str]:
    """Return those of the months whose export is missing, or has no manifest."""
    return [month for month in months if not (source / f"month={month}" / MANIFEST).is_file()]


def _export_block(world: World, block: int, staging: Path, months: set[str], advance: Callable[[], object]) -> None:
    previous: BlockMonth | None = None
    for record in simulate(world, block):
        if record.month in months:
            part = f"part-{block:05d}.parquet"
            for table, frame in export_tables(record, previous).items():
                write(frame, staging / "source" / f"month={record.month}" / table / part)
            write(truth_table(record), staging / "truth" / f"month={record.month}" / part)
            advance()
            if record.month == max(months):
                return
        previous = record


def export_tables(record: BlockMonth, previous: BlockMonth | None) -> dict[str, pl.DataFrame]:
    """Return one block's five tables of one month, sorted by customer. `previous` has the rows that come late."""
    people = record.people
    usage = usage_rows(record)
    frames = [_usage_table(record, usage, ~usage["late"])]
    if previous is not None:
        late = usage_rows(previous, only_travellers=True)
        frames.append(_usage_table(previous, late, late["late"]))
    return {
        "customers": _customers_table(record),
        "usage": pl.concat(frames).sort("customer_id", "date"),
        "tickets": pl.DataFrame(
            {
                "ticket_id": _ticket_ids(record),
                "customer_id": people["customer_id"][record.tickets["row"]],
                "opened_date": _dates(record.month, record.tickets["day"]),
            }
        ),
        "payments": _payments_table(record),
        "cancellations": pl.DataFrame(
            {"customer_id": people["customer_id"], "cancel_date": _dates(record.month, people["cancel_day"])}
        ).filter(pl.Series(people["cancel_day"] > 0)),
    }


def truth_table(record: BlockMonth) -> pl.DataFrame:
    """Return customer_id and true churn_probability (of leaving next month) of the customers at the month's end."""
    stayed = pl.Series(record.people["cancel_day"] == 0)
    columns = ("customer_id", "churn_probability")
    return pl.DataFrame({name: record.people[name] for name in columns}).filter(stayed)


def _customers_table(record: BlockMonth) -> pl.DataFrame:
    """Return the customers who join this month; in the world's first month, everyone."""
    people = record.people
    joined = people["newly_joined"] | (record.index == 0)
    signup_month = np.datetime64(record.month, "M") - people["tenure_months"].astype("timedelta64[M]")
    signup_day = np.where(people["newly_joined"], people["join_day"], people["signup_day"])
    signup_date = signup_month.astype("datetime64[D]") + (signup_day - 1).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "customer_id": people["customer_id"],
            "signup_date": signup_date,
            "region": _words(REGIONS, people["region"]),
            "plan": _words(PLANS, people["plan"]),
            "contract": _words(CONTRACTS, people["contract"]),
            "monthly_charge_eur": people["monthly_charge_eur"],
        }
    ).filter(pl.Series(joined))


def _usage_table(record: BlockMonth, usage: Columns, which: NDArray[np.bool_]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": record.people["customer_id"][usage["row"][which]],
            "date": _dates(record.month, usage["day"][which]),
            "minutes": usage["minutes"][which].astype(np.int32),
            "data_gb": (usage["data_mb"][which] / 1000.0).astype(np.float32),
        }
    )


def _payments_table(record: BlockMonth) -> pl.DataFrame:
    people = record.people
    return pl.DataFrame(
        {
            "customer_id": people["customer_id"],
            "due_date": _dates(record.month, people["billing_day"]),
            "amount_eur": people["monthly_charge_eur"],
            "status": _words(("paid", "failed"), people["failed_payments"]),
        }
    ).filter(pl.Series(people["pays"]))


def _ticket_ids(record: BlockMonth) -> NDArray[np.int64]:
    """Return ids that are unique over blocks and months: month, customer, and number of the ticket in the month."""
    row = record.tickets["row"]
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    return np.asarray(((record.index + 1) * 10**9 + record.people["customer_id"][row]) * 100 + nth)


def _dates(month: str, day: NDArray[np.int64]) -> pl.Series:
    return pl.Series(np.datetime64(first_day(month), "D") + (day - 1).astype("timedelta64[D]"))


def _words(words: tuple[str, ...], code: NDArray[np.int64]) -> pl.Series:
    return pl.Series(words).gather(pl.Series(code))
