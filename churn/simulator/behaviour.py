"""The behaviour of the operator's customers, month by month, and the true probability that each of them leaves.

Each block of customers and month has its own seed. So blocks run in parallel, memory does not grow with the number of
customers, and any month can be made again without the files of the others.
The probability of leaving next month depends only on what the operator's tables show at this month's end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.simulator.world import World
from churn.storage.months import days_in
from churn.tables import CONTRACTS, PLANS, REGIONS

Columns = dict[str, NDArray[Any]]  # name -> one value per row; all of one length

CUSTOMERS_PER_BLOCK = 50_000
JOINERS_PER_MONTH = 0.04  # as a share of the customers at the start: about as many join as leave
BASE_PRICE_EUR = np.array([14.0, 24.0, 39.0])  # by plan
MB_PER_ACTIVE_DAY = np.array([120.0, 380.0, 900.0])  # by plan, the median customer's
CONTRACT_MONTHS = np.array([0, 12, 24])  # by contract; 0: may leave any month
LEAVE_IN_FIRST_MONTH = 0.03  # for everyone, because there is no behaviour yet
TRAVELLERS = 0.05  # the share that roams this month: partner networks report their last days a month late


@dataclass(frozen=True)
class BlockMonth:
    """One month in the life of one block. `people` has a row per customer served on at least one day of the month."""

    month: str
    index: int  # 0 in the world's first month
    people: Columns
    tickets: Columns
    usage_seed: tuple[int, int, int]


def block_count(world: World) -> int:
    """Return the number of blocks. It never depends on the machine: the same world gives the same files everywhere."""
    return ceil(world.customers / CUSTOMERS_PER_BLOCK)


def simulate(world: World, block: int) -> Iterator[BlockMonth]:
    """Yield the block's months in order, from the world's first to its last."""
    customers = _join(world, block, 0, days_in(world.first_month))
    for index, month in enumerate(world.all_months()):
        if index > 0:
            customers = stacked([customers, _join(world, block, index, days_in(month))])
        rng = np.random.Generator(np.random.SFC64([world.seed, block, index, 1]))
        people = {**customers, **_live_through(customers, rng, days_in(month))}
        people["churn_probability"] = churn_probability(people, months_since_start=index)
        yield BlockMonth(month, index, people, _tickets(people, rng), (world.seed, block, index))
        stayed = rows_of(people, people["cancel_day"] == 0)
        customers = {name: column for name, column in _a_month_older(stayed).items() if name in customers}


def churn_probability(people: Columns, months_since_start: int) -> NDArray[np.float64]:
    """Return the truth, shape (n,): the probability that each customer leaves next month, from columns of the tables.

    A linear model misses two interactions: falling usage matters most to customers who are free to leave, and tickets
    matter more to newcomers. There is slow concept drift: each month, a competitor undercuts the basic plan a bit more.
    """
    usage_fall = np.clip(-usage_trend(people), 0.0, 1.5)
    free_to_leave = people["contract_months_left"] <= 1
    newcomer = people["tenure_months"] < 9
    score = (
        -4.45
        + np.array([1.0, 0.3, 0.0])[people["contract"]]
        + np.array([0.35, 0.0, -0.1])[people["plan"]]
        + 0.04 * months_since_start * (people["plan"] == PLANS.index("basic"))
        + np.where(free_to_leave, 3.4, 1.3) * usage_fall
        + np.where(newcomer, 1.1, 0.5) * np.minimum(people["tickets_3m"], 4)
        + 1.3 * np.minimum(people["failed_payments_3m"], 3)
        + 0.03 * (people["monthly_charge_eur"] - 24.0)
        - 0.40 * np.log1p(people["tenure_months"])
    )
    return np.asarray(1.0 / (1.0 + np.exp(-score)))


def usage_trend(people: Columns) -> NDArray[np.float64]:
    """Return the log ratio of this month's minutes per day of service to the two previous months'; 0 without a past."""
    now = people["minutes"] / people["service_days"]
    past_days = people["service_days_1"] + people["service_days_2"]
    past = (people["minutes_1"] + people["minutes_2"]) / np.maximum(past_days, 1)
    return np.asarray(np.where(past_days > 0, np.log((now + 1.0) / (past + 1.0)), 0.0))


def _join(world: World, block: int, index: int, days: int) -> Columns:
    """Return the block's customers of the first month (index 0), who have a past, or those who join in a later one."""
    rng = np.random.Generator(np.random.SFC64([world.seed, block, index, 0]))
    joiners = round(world.customers * JOINERS_PER_MONTH)
    total = world.customers if index == 0 else joiners
    before = 0 if index == 0 else world.customers + (index - 1) * joiners
    blocks = block_count(world)
    first, last = total * block // blocks, total * (block + 1) // blocks
    n = last - first
    join_day = np.ones(n, np.int64) if index == 0 else rng.integers(1, days + 1, n)
    past_months = np.minimum(rng.exponential(22.0, n).astype(np.int64) + 1, 96) if index == 0 else np.zeros(n, np.int64)
    plan = rng.choice(len(PLANS), n, p=[0.45, 0.35, 0.20])
    no_history = {
        f"{name}_{back}": np.zeros(n, np.int64)
        for name in ("minutes", "service_days", "tickets", "failed_payments")
        for back in (1, 2)
    }
    return {
        "customer_id": 1 + before + np.arange(first, last),
        "join_day": join_day,
        "signup_day": rng.integers(1, 29, n),
        "tenure_months": past_months,
        "region": rng.integers(0, len(REGIONS), n),
        "plan": plan,
        "contract": rng.choice(len(CONTRACTS), n, p=[0.5, 0.3, 0.2]),
        "monthly_charge_eur": np.round(BASE_PRICE_EUR[plan] + rng.gamma(2.0, 3.0, n), 2),
        "billing_day": rng.integers(1, 29, n),
        "minutes_per_active_day": np.exp(rng.normal(2.7, 0.6, n)),
        "mb_per_active_day": MB_PER_ACTIVE_DAY[plan] * np.exp(rng.normal(0.0, 0.6, n)),
        "activity": rng.beta(5.0, 4.0, n),
        "ticket_rate": rng.gamma(0.6, 0.2, n),
        "payment_failure_rate": rng.beta(0.5, 12.0, n),
        "mood": np.zeros(n),
        "churn_probability": np.full(n, LEAVE_IN_FIRST_MONTH if index == 0 else 0.0),
        "newly_joined": np.full(n, index > 0),
        **no_history,
    }


def _live_through(customers: Columns, rng: np.random.Generator, days: int) -> Columns:
    """Draw one month of behaviour: cancellations, usage, tickets and failed payments."""
    n = len(customers["customer_id"])
    leaves = rng.random(n) < customers["churn_probability"]
    cancel_day = np.where(leaves, rng.integers(1, days + 1, n), 0)
    last_day = np.where(leaves, cancel_day, days)
    service_days = last_day - customers["join_day"] + 1

    mood = 0.85 * customers["mood"] + rng.normal(0.0, 0.12, n) - 1.1 * (rng.random(n) < 0.07)
    chance = np.clip(customers["activity"] * np.exp(0.4 * mood), 0.02, 0.98)
    active_days = rng.binomial(service_days, chance)
    minutes = rng.poisson(active_days * customers["minutes_per_active_day"] * np.exp(0.6 * mood))
    data_mb = np.round(active_days * customers["mb_per_active_day"] * np.exp(rng.normal(0.0, 0.2, n)))

    tickets = rng.poisson(customers["ticket_rate"] * service_days / 30)
    pays = (customers["billing_day"] <= last_day) & ~customers["newly_joined"]
    failed_payments = (pays & (rng.random(n) < customers["payment_failure_rate"])).astype(np.int64)
    return {
        "cancel_day": cancel_day,
        "last_day": last_day,
        "service_days": service_days,
        "traveller": rng.random(n) < TRAVELLERS,
        "mood": mood,
        "active_days": active_days,
        "minutes": minutes,
        "data_mb": data_mb.astype(np.int64),
        "tickets": tickets,
        "pays": pays,
        "failed_payments": failed_payments,
        "tickets_3m": tickets + customers["tickets_1"] + customers["tickets_2"],
        "failed_payments_3m": failed_payments + customers["failed_payments_1"] + customers["failed_payments_2"],
        "contract_months_left": contract_months_left(customers["contract"], customers["tenure_months"]),
    }


def _tickets(people: Columns, rng: np.random.Generator) -> Columns:
    """Return a row per ticket: `row` (index into people) and the `day` it was opened."""
    row = np.repeat(np.arange(len(people["tickets"])), people["tickets"])
    days_in_service = np.floor(rng.random(len(row)) * people["service_days"][row]).astype(np.int64)
    return {"row": row, "day": people["join_day"][row] + days_in_service}


def contract_months_left(contract: NDArray[Any], tenure_months: NDArray[Any]) -> NDArray[np.int64]:
    """Return the months until a customer may leave: 0 on a monthly contract. Other contracts renew when they end."""
    length = CONTRACT_MONTHS[contract]
    return np.where(length > 0, length - tenure_months % np.maximum(length, 1), 0)


def _a_month_older(people: Columns) -> Columns:
    """Return the customers at the start of the next month: this month becomes the past."""
    aged = dict(people)
    for name in ("minutes", "service_days", "tickets", "failed_payments"):
        aged[f"{name}_2"], aged[f"{name}_1"] = people[f"{name}_1"], people[name]
    aged["tenure_months"] = people["tenure_months"] + 1
    aged["join_day"] = np.ones_like(people["join_day"])
    aged["newly_joined"] = np.zeros_like(people["newly_joined"])
    return aged


def rows_of(columns: Columns, which: NDArray[Any]) -> Columns:
    return {name: column[which] for name, column in columns.items()}


def stacked(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
