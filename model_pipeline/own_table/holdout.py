"""Choose the rows of a user's table to hold out: a random quarter, or the newest quarter if the table has a time."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from churn.harness.errors import BadInput
from model_pipeline.own_table.infer import date_format, numbers_in

SHARE = 0.25
FEWEST_OF_EACH_OUTCOME = 5
PERIODS = 8  # into which the rows before the holdout are cut


def random_rows(outcome: pl.Series, seed: int) -> NDArray[np.bool_]:
    """Choose a random quarter with the same share of each outcome. Shape (n,), true for rows to hold out."""
    _, chosen = train_test_split(
        np.arange(len(outcome)), test_size=SHARE, stratify=outcome.to_numpy(), random_state=seed
    )
    held_out = np.zeros(len(outcome), bool)
    held_out[chosen] = True
    return held_out


def newest_rows(
    table: pl.DataFrame, time_column: str, target: str, path: Path
) -> tuple[NDArray[np.bool_], NDArray[np.int64], str]:
    """Choose the newest quarter. Rows of the same time stay together.

    Return which rows to hold out, the period of each row (both of shape (n,)), and the split in words. Raises BadInput
    when nothing older is left, or when a part has too few rows of an outcome.
    """
    time = _time(table[time_column], path)
    cut = time.sort()[int(len(time) * (1 - SHARE))]
    if cut == time.min():
        raise BadInput(
            f"{path}: three quarters of the rows have the same {time_column}: nothing older is left to learn from"
        )
    held_out = (time >= cut).to_numpy()
    outcome = table[target].to_numpy()
    for rows, which in ((held_out, "newest quarter"), (~held_out, "rows before the newest quarter")):
        fewest = min((outcome[rows] == word).sum() for word in np.unique(outcome))
        if fewest < FEWEST_OF_EACH_OUTCOME:
            raise BadInput(
                f"{path}: by {time_column}, the {which} hold only {fewest} rows of one outcome, "
                f"at least {FEWEST_OF_EACH_OUTCOME} are needed: leave the time column out, or bring more rows"
            )
    first = table[time_column][int(np.flatnonzero((time == cut).to_numpy())[0])]
    return held_out, _periods(time, held_out, outcome), f"the newest rows held out: {time_column} from {first} on"


def _time(values: pl.Series, path: Path) -> pl.Series:
    """Return the times as something that sorts: numbers, dates, or text that begins with a year, such as 2025-Q1."""
    if (numbers := numbers_in(values)) is not None:
        return numbers
    if form := date_format(values):
        return values.str.to_datetime(form).dt.timestamp("ms")
    if values.str.contains(r"^\d{4}").all():
        return values.rank("dense")
    raise BadInput(f"{path}: {values.name} is no time: '{values[0]}' is neither a number nor a readable date")


def _periods(time: pl.Series, held_out: NDArray[np.bool_], outcome: NDArray[np.generic]) -> NDArray[np.int64]:
    """Cut the older rows into eight equal periods. Use fewer, at last one, if a period would lack an outcome."""
    older = time.filter(~pl.Series(held_out))
    rank = older.rank("min").to_numpy() - 1
    for count in range(PERIODS, 3, -1):
        period = np.floor(rank * count / len(older)).astype(np.int64)
        if all(len(np.unique(outcome[~held_out][period == each])) == 2 for each in np.unique(period)):
            break
    else:
        period = np.zeros(len(older), np.int64)
    everywhere = np.full(len(time), PERIODS, np.int64)
    everywhere[~held_out] = period
    return everywhere
