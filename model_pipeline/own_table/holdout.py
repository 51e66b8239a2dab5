"""Choose the rows of a user's table to hold out: a random quarter, or the newest quarter if the table has a time.

If a customer has several rows, a random quarter is a quarter of the customers. A model that has seen one of a
customer's rows recognises the others by their values, and would be scored for its memory.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from churn.harness.errors import BadInput
from model_pipeline.own_table.customers import Customers

SHARE = 0.25
FEWEST_OF_EACH_OUTCOME = 5
PERIODS = 8  # into which the rows before the holdout are cut


@dataclass(frozen=True)
class Split:
    """The rows to learn from and those to hold out, both of shape (n,). A row may belong to neither."""

    learnt: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    words: str
    period: NDArray[np.int64] | None = None  # of each row, for folds in the order of time
    bucket: NDArray[np.int64] | None = None  # of each row, for folds that keep a customer whole


def split(
    table: pl.DataFrame,
    target: str,
    positive: str,
    time: str | None,
    customers: Customers | None,
    seed: int,
    path: Path,
) -> Split:
    """Choose the rows to hold out. Raises BadInput if a part would have too few rows of an outcome.

    With a time, earlier rows of a customer may teach, and later ones are held out. That is how churn is predicted: the
    model meets customers whom it knows from earlier months. But if a customer has the same outcome in all rows, the
    earlier rows tell the later outcome, and only customers that the model never met can judge it.
    """
    outcome = table[target]
    bucket = None if customers is None else customers.buckets(seed)
    quarter = _random_quarter(outcome, bucket, seed)
    if time is None:
        whole = "" if customers is None else f", {customers.kept_whole}"
        found = Split(~quarter, quarter, f"a random quarter held out{whole}", bucket=bucket)
    else:
        found = _newest_rows(table, time, target, path)
        if customers is not None and customers.share_outcome(outcome == positive):
            whole = "of a random quarter of the customers; their older rows are left out: most have one outcome"
            found = Split(found.learnt & ~quarter, found.held_out & quarter, f"{found.words}, {whole}", bucket=bucket)
        elif customers is not None:
            found = replace(found, words=f"{found.words}; earlier rows of the same customers teach")
    _raise_if_too_few(found, outcome, path)
    return found


def _random_quarter(outcome: pl.Series, bucket: NDArray[np.int64] | None, seed: int) -> NDArray[np.bool_]:
    """Choose about the same share of each outcome, and of each bucket all rows or none."""
    folds = StratifiedKFold if bucket is None else StratifiedGroupKFold
    _, chosen = next(folds(round(1 / SHARE), shuffle=True, random_state=seed).split(outcome, outcome, bucket))
    return np.isin(np.arange(len(outcome)), chosen)


def _newest_rows(table: pl.DataFrame, time_column: str, target: str, path: Path) -> Split:
    """Choose the newest quarter. Rows of the same time stay together. Raises BadInput if nothing older is left."""
    time = table[time_column].rank("dense")  # numbers, or text that sorts
    cut = time.sort()[int(len(time) * (1 - SHARE))]
    if cut == time.min():
        raise BadInput(
            f"{path}: three quarters of the rows have the same {time_column}: nothing older is left to learn from"
        )
    held_out = (time >= cut).to_numpy()
    first = table[time_column][int(np.flatnonzero((time == cut).to_numpy())[0])]
    words = f"the newest rows held out: {time_column} from {first} on"
    return Split(~held_out, held_out, words, period=_periods(time, held_out, table[target].to_numpy()))


def _raise_if_too_few(found: Split, outcome: pl.Series, path: Path) -> None:
    for rows, which in ((found.held_out, "held-out rows"), (found.learnt, "rows to learn from")):
        fewest = min(int((outcome.filter(pl.Series(rows)) == word).sum()) for word in outcome.unique())
        if fewest < FEWEST_OF_EACH_OUTCOME:
            raise BadInput(
                f"{path}: the {which} ({found.words}) have only {fewest} of one outcome, at least "
                f"{FEWEST_OF_EACH_OUTCOME} are needed: leave the time column out, or bring more rows"
            )


def _periods(time: pl.Series, held_out: NDArray[np.bool_], outcome: NDArray[np.generic]) -> NDArray[np.int64]:
    """Cut the older rows into eight equal periods. Use fewer, at last one, if a period would lack an outcome."""
    older = time.filter(~pl.Series(held_out))
    rank = older.rank("min").to_numpy() - 1
    everywhere = np.full(len(time), PERIODS, np.int64)
    for count in (*range(PERIODS, 3, -1), 1):
        period = everywhere[~held_out] = np.floor(rank * count / len(older)).astype(np.int64)
        if all(len(np.unique(outcome[~held_out][period == each])) == 2 for each in np.unique(period)):
            break
    return everywhere
