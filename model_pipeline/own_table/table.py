"""Find out what is in a user's table, note it, and split the table into rows to learn from and rows to hold out."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns, Reading, Table
from model_pipeline.own_table.customers import CUSTOMER, customer_column, customers_of, rows_written_twice
from model_pipeline.own_table.holdout import split
from model_pipeline.own_table.infer import columns_of, counted, kinds_wanted, two_outcomes
from model_pipeline.own_table.judge import giveaways, learnable
from model_pipeline.own_table.output_file import OURS
from model_pipeline.own_table.read_csv import column_name, nearest, read_csv
from model_pipeline.own_table.times import times_in
from model_pipeline.own_table.typed import clean, means_unknown, typed

FEWEST_ROWS = 100
FEWEST_OF_EACH_OUTCOME = 20  # a quarter is held out, and each fold of the rest still needs a few


@dataclass(frozen=True)
class OwnTable:
    """A user's table, understood. `train` and `holdout` share no row."""

    columns: Columns
    train: Table
    holdout: Table
    target: str
    negative: str  # the other outcome, as the table writes it
    split: str  # how the holdout was chosen
    notes: list[str]  # one finding each, for a person to read
    readings: list[Reading] = field(default_factory=list)  # the same for each column


def understand(
    path: Path, target: str, time_column: str | None, charge_column: str | None, seed: int, read: str = ""
) -> OwnTable:
    """Read and judge the table. Raises BadInput, with what is needed, when no model can learn from it.

    `read` has what the user says about columns; see `kinds_wanted`.
    """
    table, notes, separator = read_csv(path)
    table = clean(table)
    target = column_name(target)
    time_column, charge_column = (name and column_name(name) for name in (time_column, charge_column))
    for name in (target, time_column, charge_column):
        if name is not None and name not in table.columns:
            raise BadInput(f"{path} has no column {name}: did you mean {nearest(name, table.columns)}?")
    wanted = kinds_wanted(read, table.columns)
    if target == time_column:
        raise BadInput(f"{target} cannot be both the target and the time column")
    if target in wanted or (time_column and wanted.get(time_column) == CUSTOMER):
        raise BadInput("READ= cannot say how to read the target, and the time column cannot be the customer")
    blank = table[target].null_count()
    table = _without_blank(table, target, notes)
    if time_column is not None:
        known = ~means_unknown(table[time_column])
        table = _without_blank(table.with_columns(pl.when(known).then(pl.col(time_column))), time_column, notes)
    positive, negative = two_outcomes(table[target], blank, path, notes)
    _raise_if_too_small(table[target], path)
    inputs = [name for name in table.columns if name not in (target, time_column, *OURS)]
    if ours := [name for name in OURS if name in table.columns and name != target]:
        notes.append(f"not learnt from, written by a model before: {', '.join(ours)}")
    if (customer := customer_column(table, inputs, wanted)) is not None:
        inputs.remove(customer)
    columns, readings = columns_of(table, inputs, wanted, usual="." if separator == "," else ",")
    table = typed(table, columns)
    if time_column is not None:
        times, reading = times_in(table[time_column], wanted.get(time_column, ""), path)
        table, readings = table.with_columns(times), [*readings, reading]
    if customer is None:
        customers = None if time_column else rows_written_twice(table, [*columns.names, target], notes)
    else:
        customers, reading = customers_of(table, customer, target, path)
        readings.append(reading)
    chosen = split(table, target, positive, time_column, customers, seed, path)
    columns, dropped = learnable(columns, table.filter(chosen.learnt))
    readings = [
        replace(reading, read_as="dropped", why=dropped[reading.column]) if reading.column in dropped else reading
        for reading in readings
    ]
    if not columns.names:
        raise BadInput(f"{path}: no column is left to learn from ({'; '.join(map(str, readings))})")
    notes += giveaways(table, columns, (table[target] == positive).to_numpy(), seed)
    charge = None if charge_column is None else _charges(table, charge_column, chosen.learnt, path, notes)
    # Stratified folds follow the order of the rows, so a sorted file must not decide which rows share a fold.
    shuffled = np.random.default_rng(seed).permutation(len(table))

    def part(wanted: NDArray[np.bool_]) -> Table:
        rows = shuffled[wanted[shuffled]]
        return Table(
            rows=table[rows].drop(target),
            outcome=table[target].to_numpy().astype(str)[rows],
            positive=positive,
            monthly_charge=None if charge is None else charge[rows],
            period=None if chosen.period is None else chosen.period[rows],
            bucket=None if chosen.bucket is None else chosen.bucket[rows],
        )

    return OwnTable(
        columns=columns,
        train=part(chosen.learnt),
        holdout=part(chosen.held_out),
        target=target,
        negative=negative,
        split=chosen.words,
        notes=notes,
        readings=readings,
    )


def _without_blank(table: pl.DataFrame, name: str, notes: list[str]) -> pl.DataFrame:
    if blank := table[name].null_count():
        notes.append(f"{name} is blank in {blank:,} of {len(table):,} rows: left out")
    return table.filter(pl.col(name).is_not_null())


def _raise_if_too_small(outcome: pl.Series, path: Path) -> None:
    rare, seldom = list(counted(outcome).items())[-1]
    if len(outcome) < FEWEST_ROWS or seldom < FEWEST_OF_EACH_OUTCOME:
        raise BadInput(
            f"{path} is too small to learn from: {len(outcome)} rows, {seldom} of them {outcome.name}={rare}; "
            f"at least {FEWEST_ROWS} rows and {FEWEST_OF_EACH_OUTCOME} of each outcome are needed"
        )


def _charges(
    table: pl.DataFrame, name: str, to_learn_from: NDArray[np.bool_], path: Path, notes: list[str]
) -> NDArray[np.float64]:
    """Return the charges; a missing one is the median of the rows to learn from, as if no other row were known."""
    try:
        charge = typed(table.select(name), Columns([name], []))[name]
    except BadInput:
        charge = pl.Series([-1.0])
    if charge.is_null().all() or (charge < 0).any():
        raise BadInput(f"{path}: {name} must hold what each customer pays a month, as numbers from 0 up")
    if charge.has_nulls():
        notes.append(f"{name} is blank in {charge.null_count():,} rows: the campaign's value uses the median there")
    return charge.fill_null(charge.filter(to_learn_from).median()).to_numpy()
