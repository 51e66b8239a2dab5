"""Find out what is in a user's table, note it, and split the table into rows to learn from and rows to hold out."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns, Table
from model_pipeline.own_table.holdout import newest_rows, random_rows
from model_pipeline.own_table.infer import columns_of, giveaways, two_outcomes
from model_pipeline.own_table.read_csv import read_csv

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


def understand(path: Path, target: str, time_column: str | None, charge_column: str | None, seed: int) -> OwnTable:
    """Read and judge the table. Raises BadInput, with what is needed, when no model can learn from it."""
    table, notes = read_csv(path)
    for wanted in (target, time_column, charge_column):
        if wanted is not None and wanted not in table.columns:
            near = get_close_matches(wanted, table.columns, n=3, cutoff=0.4) or table.columns[:8]
            raise BadInput(f"{path} has no column {wanted}: did you mean {' or '.join(near)}?")
    if target == time_column:
        raise BadInput(f"{target} cannot be both the target and the time column")
    table = _without_blank(table, target, notes)
    positive, negative = two_outcomes(table[target], path, notes)
    _raise_if_too_small(table[target], path)
    columns = columns_of(table, [name for name in table.columns if name not in (target, time_column)], path, notes)
    notes += giveaways(table, columns, (table[target] == positive).to_numpy())
    if repeated := len(table) - table.n_unique():
        notes.append(f"{repeated:,} rows repeat an earlier one exactly: kept")
    period: NDArray[np.int64] | None = None
    if time_column is None:
        held_out, split = random_rows(table[target], seed), "a random quarter held out"
    else:
        table = _without_blank(table, time_column, notes)
        held_out, period, split = newest_rows(table, time_column, target, path)
    charge = None if charge_column is None else _charges(table, charge_column, path, notes)
    # Stratified folds follow the order of the rows, so a sorted file must not decide which rows share a fold.
    shuffled = np.random.default_rng(seed).permutation(len(table))

    def part(wanted: NDArray[np.bool_]) -> Table:
        chosen = shuffled[wanted[shuffled]]
        return Table(
            rows=table[chosen].drop(target),
            outcome=table[target].to_numpy().astype(str)[chosen],
            positive=positive,
            monthly_charge=None if charge is None else charge[chosen],
            period=None if period is None else period[chosen],
        )

    return OwnTable(
        columns=columns,
        train=part(~held_out),
        holdout=part(held_out),
        target=target,
        negative=negative,
        split=split,
        notes=notes,
    )


def _without_blank(table: pl.DataFrame, name: str, notes: list[str]) -> pl.DataFrame:
    if blank := table[name].null_count():
        notes.append(f"{blank:,} rows have no {name}: left out")
    return table.filter(pl.col(name).is_not_null())


def _raise_if_too_small(outcome: pl.Series, path: Path) -> None:
    rare, seldom = outcome.value_counts(sort=True).row(-1)
    if len(outcome) < FEWEST_ROWS or seldom < FEWEST_OF_EACH_OUTCOME:
        raise BadInput(
            f"{path} is too small to learn from: {len(outcome)} rows, {seldom} of them {outcome.name}={rare}; "
            f"at least {FEWEST_ROWS} rows and {FEWEST_OF_EACH_OUTCOME} of each outcome are needed"
        )


def _charges(table: pl.DataFrame, name: str, path: Path, notes: list[str]) -> NDArray[np.float64]:
    charge = table[name].cast(pl.Float64, strict=False)
    if charge.null_count() > table[name].null_count() or charge.is_null().all() or (charge < 0).any():
        raise BadInput(f"{path}: {name} must hold what each customer pays a month, as numbers from 0 up")
    if charge.has_nulls():
        notes.append(f"{charge.null_count():,} rows have no {name}: the median is used for the campaign's value")
    return charge.fill_null(charge.median()).to_numpy()
