"""Find the smallest damage that the completeness rules notice, and its cost: `python -m benchmarks.completeness`.

The newest export of a world is damaged, each time a little more. The cost is what the campaign would lose if the gate
let the damage through: the calls change, the true probabilities do not.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from churn.checks.completeness import Finding, judge, sums_before
from churn.checks.sums import Sums, add_rows
from churn.contract import split_by_contract
from churn.deploy import deploy
from churn.harness.command import command, whole_number
from churn.harness.errors import exit_on_bad_input
from churn.harness.report import StageClock
from churn.harness.terminal import console, print_table
from churn.lake import new_partition, parquet_in, partition, scan, write
from churn.pipeline import run
from churn.process import process
from churn.simulator.exports import export
from churn.simulator.world import World
from churn.tables import TABLES
from churn.value import value_per_customer_eur

Tables = dict[str, pl.DataFrame]
SHARES = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9]
DATES = {"usage": "date", "tickets": "opened_date", "payments": "due_date", "customers": "signup_date"}
HALF = {"%": 0.5, "days": 15}


@dataclass(frozen=True)
class Damage:
    """One kind of damage: what it does to the tables, and how much of it there can be, the least first."""

    what: str
    do: Callable[[Tables, float], Tables]
    amounts: list[float]
    unit: str = "%"

    def amount(self, number: float | None) -> str:
        if number is None:
            return "–"
        return f"{number:.0%}" if self.unit == "%" else f"{number:g} {self.unit}"


def chosen(ids: pl.Series, share: float) -> pl.Series:
    """Choose a share of the rows at random: those with a smaller share too."""
    return pl.Series(np.random.default_rng(1).random(len(ids)) < share)


def lose_rows(table: str) -> Damage:
    def do(tables: Tables, share: float) -> Tables:
        rows = tables[table]
        return {**tables, table: rows.filter(~chosen(rows["customer_id"], share))}

    return Damage(f"{table}: rows lost at random", do, SHARES)


def lose_customers(*damaged: str) -> Damage:
    def do(tables: Tables, share: float) -> Tables:
        ids = pl.concat([rows["customer_id"] for rows in tables.values()]).unique().sort()
        lost = ids.filter(chosen(ids, share)).implode()
        whole = {name: rows.filter(~pl.col("customer_id").is_in(lost)) for name, rows in tables.items()}
        return {**tables, **{name: whole[name] for name in damaged}}

    name = damaged[0] if len(damaged) == 1 else "all tables"
    return Damage(f"{name}: customers missing", do, SHARES)


def lose_last_days(table: str) -> Damage:
    def do(tables: Tables, days: float) -> Tables:
        date = pl.col(DATES[table])
        return {**tables, table: tables[table].filter(date <= date.max() - timedelta(days=int(days)))}

    return Damage(f"{table}: last days missing", do, [1, 2, 3, 4, 5, 7, 10, 15, 20, 25], "days")


def lose_a_day(tables: Tables, share: float) -> Tables:
    rows = tables["usage"]
    on_the_day = pl.col("date").dt.day() == 12
    return {**tables, "usage": rows.filter(~(on_the_day & chosen(rows["customer_id"], share)))}


def lose_late_rows(tables: Tables, share: float) -> Tables:
    rows, month = tables["usage"], pl.col("date").max().dt.truncate("1mo")
    return {**tables, "usage": rows.filter(~((pl.col("date") < month) & chosen(rows["customer_id"], share)))}


def set_to_zero(column: str) -> Damage:
    def do(tables: Tables, share: float) -> Tables:
        rows = tables["usage"]
        zero = pl.when(chosen(rows["customer_id"], share)).then(0).otherwise(pl.col(column))
        return {**tables, "usage": rows.with_columns(zero.cast(rows.schema[column]).alias(column))}

    return Damage(f"usage: {column} is 0", do, [*SHARES, 1.0])


def one_region(tables: Tables, share: float) -> Tables:
    rows = tables["customers"]
    north = pl.when(chosen(rows["customer_id"], share)).then(pl.lit("north")).otherwise("region")
    return {**tables, "customers": rows.with_columns(region=north)}


def shift_dates(days: int) -> Damage:
    def do(tables: Tables, share: float) -> Tables:
        ids = tables["usage"]["customer_id"].unique().sort()
        theirs = pl.col("customer_id").is_in(ids.filter(chosen(ids, share)).implode())
        shifted = pl.when(theirs).then(pl.col("date") + timedelta(days=days)).otherwise("date")
        return {**tables, "usage": tables["usage"].with_columns(date=shifted)}

    return Damage(f"usage: customers dated a day {'early' if days < 0 else 'late'}", do, [*SHARES, 1.0])


DAMAGES = [
    lose_rows("usage"),
    lose_customers("usage"),
    lose_customers(*TABLES),
    lose_last_days("usage"),
    Damage("usage: rows of one day lost", lose_a_day, [*SHARES, 1.0]),
    Damage("usage: rows of the previous month lost", lose_late_rows, [*SHARES, 1.0]),
    shift_dates(-1),
    shift_dates(1),
    set_to_zero("minutes"),
    set_to_zero("data_gb"),
    lose_rows("payments"),
    lose_last_days("payments"),
    lose_rows("tickets"),
    lose_last_days("tickets"),
    lose_rows("cancellations"),
    lose_rows("customers"),
    lose_last_days("customers"),
    Damage("customers: all from one region", one_region, [*SHARES, 1.0]),
]


class Newest:
    """The newest month of a world, in a lake that holds the whole year and its model."""

    def __init__(self, world: World, folder: Path) -> None:
        self.lake, self.month, self.truth = folder / "lake", world.last_month, folder / "truth"
        export(world, folder / "source")
        run(folder / "source", self.lake, world.all_months(), clock=StageClock())
        self.whole = {table: scan(self.lake, f"raw/{table}", [self.month]).collect() for table in TABLES}
        scores = json.loads((partition(self.lake, "model", self.month) / "scores.json").read_text(encoding="utf-8"))
        self.threshold = scores["threshold"]
        self.before = sums_before(self.lake, self.month)
        self.clean_value, self.clean_mean = self.campaign(self.whole)

    def findings(self, tables: Tables) -> list[Finding]:
        """Return what the gate finds: first the share of bad rows, then completeness."""
        sums: Sums = {}
        for table, rows in tables.items():
            good, bad = split_by_contract(rows, table, self.month)
            if len(bad) > 0.02 * len(rows):
                return [Finding(closes=True, sentence=f"{table}: too many bad rows")]
            add_rows(sums, table, good, self.month)
        return list(judge(self.month, sums, self.before))

    def campaign(self, tables: Tables) -> tuple[float, float]:
        """Let the tables through. Return the expected value of the calls in euros, and the mean probability."""
        with new_partition(partition(self.lake, "valid", self.month)) as folder:
            for table, rows in tables.items():
                write(split_by_contract(rows, table, self.month)[0], folder / table / "part-00000.parquet")
            (folder / "checksums.json").write_text("{}", encoding="utf-8")
        process(self.lake, self.month)
        predictions = deploy(self.lake, self.month)
        called = scan(self.lake, "features", [self.month]).select("customer_id", "monthly_charge_eur").collect()
        called = called.join(predictions, on="customer_id").filter(pl.col("churn_probability") >= self.threshold)
        truth = pl.read_parquet(parquet_in(self.truth / f"month={self.month}"), hive_partitioning=False)
        known = called.select("customer_id", "monthly_charge_eur").join(truth, on="customer_id", how="left")
        leaves = known["churn_probability"].fill_null(0.0).to_numpy()  # null: left already
        charge = known["monthly_charge_eur"].to_numpy()
        if_leaving = value_per_customer_eur(np.ones(len(known)), charge)
        if_staying = value_per_customer_eur(np.zeros(len(known)), charge)
        value = float((leaves * if_leaving + (1 - leaves) * if_staying).sum())
        return value, float(predictions["churn_probability"].mean())  # type: ignore[arg-type]

    def line(self, damage: Damage) -> list[str]:
        """Return the largest amount that nobody notices, and the smallest that warns and that closes, with costs."""
        unnoticed = warns = closes = None
        for amount in damage.amounts:
            found = self.findings(damage.do(self.whole, amount))
            if any(finding.closes for finding in found):
                closes = amount
                break
            if found and warns is None:
                warns = amount
            if not found:
                unnoticed = amount
        return [
            damage.what,
            damage.amount(unnoticed),
            self.cost(damage, unnoticed),
            damage.amount(warns),
            damage.amount(closes),
            self.cost(damage, closes if closes is not None else warns),
            self.cost(damage, HALF[damage.unit]),
        ]

    def cost(self, damage: Damage, amount: float | None) -> str:
        if amount is None:
            return ""
        return f"{self.clean_value - self.campaign(damage.do(self.whole, amount))[0]:,.0f}"


@exit_on_bad_input
def main() -> None:
    options = command("benchmarks.completeness", "The smallest damage that is noticed, and what it would cost.")
    options.add_argument("--customers", type=whole_number("N"), default=World().customers)
    options.add_argument("--seed", type=whole_number("SEED"), default=World().seed)
    arguments = options.parse_args()
    world = World(customers=arguments.customers, seed=arguments.seed)
    with TemporaryDirectory(prefix="completeness-") as folder:
        with console.status("a year of exports"):
            newest = Newest(world, Path(folder))
        with console.status("damage"):
            lines = [newest.line(damage) for damage in DAMAGES]
    print_table(
        f"{world.customers:,} customers, {newest.month}: the calls are worth {newest.clean_value:,.0f} € if undamaged",
        ["damage", "unnoticed up to", "cost €", "warns from", "closes from", "cost €", "cost of half €"],
        lines,
    )


if __name__ == "__main__":
    main()
