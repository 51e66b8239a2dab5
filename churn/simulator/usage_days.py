"""Spread a customer's month over its days: which days were active, and how much was used on each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.simulator.behaviour import BlockMonth, Columns, rows_of, stacked
from churn.storage.months import days_in

LATE_DAYS = 7  # the last days of a month, which partner networks report a month late for travellers


def usage_rows(record: BlockMonth, only_travellers: bool = False) -> Columns:
    """Return a row per customer and active day. The rows add up to the month's minutes and megabytes.

    Travellers have their own seed, because a month's late rows are needed without its other rows.
    Columns: `row` (index into people), `day` (1 = the month's first), `minutes`, `data_mb`, `late`.
    """
    groups = [True] if only_travellers else [False, True]
    return stacked([_spread_over_days(record, travellers) for travellers in groups])


def _spread_over_days(record: BlockMonth, travellers: bool) -> Columns:
    rng = np.random.Generator(np.random.SFC64([*record.usage_seed, 2 + travellers]))
    rows = np.flatnonzero(record.people["traveller"] == travellers)
    people = rows_of(record.people, rows)
    days = days_in(record.month)
    day = np.arange(1, days + 1)
    lottery = rng.random((len(rows), days), dtype=np.float32)
    served = (day >= people["join_day"][:, None]) & (day <= people["last_day"][:, None])
    lottery[~served] = 2.0  # never drawn
    last_winner = np.maximum(people["active_days"] - 1, 0)
    threshold = np.sort(lottery, axis=1)[np.arange(len(rows)), last_winner]
    active = (lottery <= threshold[:, None]) & (people["active_days"] > 0)[:, None]
    owner, day_index = np.nonzero(active)
    return {
        "row": rows[owner],
        "day": day_index + 1,
        "minutes": _split(people["minutes"], owner, rng),
        "data_mb": _split(people["data_mb"], owner, rng),
        "late": np.full(len(owner), travellers) & (day_index >= days - LATE_DAYS),
    }


def _split(totals: NDArray[Any], owner: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int64]:
    """Split each owner's total at random over its rows. Rows are sorted by owner, and nothing is lost to rounding."""
    if len(owner) == 0:
        return np.zeros(0, np.int64)
    running = np.cumsum(rng.standard_exponential(len(owner), dtype=np.float32) + 0.05, dtype=np.float64)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    ends = np.append(starts[1:], len(owner)) - 1
    before = np.concatenate([[0.0], running[ends[:-1]]])
    lengths = ends - starts + 1
    share = (running - np.repeat(before, lengths)) / np.repeat(running[ends] - before, lengths)
    reached = np.floor(share * totals[owner] + 0.5).astype(np.int64)
    reached[ends] = totals[owner[ends]]
    split = np.diff(reached, prepend=0)
    split[starts] = reached[starts]
    return split
