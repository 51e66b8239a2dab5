"""Judge the columns of a user's table against its rows: which cannot be learnt from, and which tell the outcome."""

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.customers import FEWEST
from model_pipeline.own_table.pipelines import input_check

FEWEST_VALUES = 10  # of a number or date in the rows to learn from; with fewer, folds would have none
GIVES_IT_AWAY = 0.99  # ROC-AUC of one column alone, or the share of an outcome among the rows that it picks out
FEWEST_PICKED_OUT = 20
COMMON = 0.9  # an outcome that most rows have proves nothing
MOST_ROWS = 25_000


def learnable(columns: Columns, rows: pl.DataFrame) -> tuple[Columns, dict[str, str]]:
    """Return the columns that differ in `rows`, the rows to learn from, and why each other one is dropped."""
    values = input_check(columns).transform(rows)
    dropped = {name: "the same in all rows to learn from" for name in columns.names if values[name].n_unique() == 1}
    for name in [*columns.numeric, *columns.dates]:
        if values[name].count() < FEWEST_VALUES:
            dropped[name] = f"fewer than {FEWEST_VALUES} values in the rows to learn from"
    kept = replace(
        columns,
        numeric=[name for name in columns.numeric if name not in dropped],
        categorical=[name for name in columns.categorical if name not in dropped],
        dates={name: form for name, form in columns.dates.items() if name not in dropped},
    )
    return kept, dropped


def giveaways(table: pl.DataFrame, columns: Columns, positive: NDArray[np.bool_], seed: int) -> list[str]:
    """Return a warning for each column that alone tells the outcome, and so was probably written after it.

    A blank is a value here. Such a column is kept, because only the user can know.
    """
    sample = np.random.default_rng(seed).permutation(len(table))[:MOST_ROWS]
    values, positive = input_check(columns).transform(table[sample]), positive[sample]
    warnings = []
    for name in columns.names:
        alone = [_alone(values[name], positive, seed)]
        if recurs := _recurs(values[name]):  # even a number may be a name
            alone.append(_alone(values[name].cast(pl.String), positive, seed))
        always = any(roc_auc_score(positive, probability) > GIVES_IT_AWAY for probability in alone)
        if always or any(_picks_out(probability, positive) for probability in alone):
            blank = table[sample][name].is_null().to_numpy()
            by_blanks = blank.any() and _picks_out(_alone(pl.Series(blank).cast(pl.Float64), positive, seed), positive)
            what = f"whether {name} is blank" if by_blanks else f"{name} alone"
            how_often = "" if always else " of many rows"
            whose = f' If it says whose row it is: READ="{name}=customer".' if recurs and not by_blanks else ""
            warnings.append(f"look out: {what} tells the outcome{how_often}: was it known before? (kept){whose}")
    return warnings


def _recurs(values: pl.Series) -> bool:
    """Return whether these are words or whole numbers, many different ones, and most of them in several rows."""
    different = values.n_unique()
    whole = values.dtype == pl.String or (values == values.round()).all()
    return bool(whole) and FEWEST <= different <= len(values) / 2


def _alone(values: pl.Series, positive: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """Return each row's probability by this column, from a small tree that never saw the row. Shape (n,)."""
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    column = values.to_numpy().reshape(-1, 1)
    if values.dtype == pl.String:
        column = TargetEncoder(target_type="binary", cv=folds).fit_transform(column, positive)
    tree = DecisionTreeClassifier(max_leaf_nodes=4, min_samples_leaf=5, random_state=seed)
    return np.asarray(cross_val_predict(tree, column, positive, cv=folds, method="predict_proba")[:, 1])


def _picks_out(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> bool:
    """Return whether half of one outcome's rows are picked out, and hardly a row of the other one with them."""
    for outcome, likely in ((positive, probability), (~positive, 1 - probability)):
        picked = outcome[likely > 0.95]
        right = picked.sum()
        enough = right >= FEWEST_PICKED_OUT and right > outcome.sum() / 2 and outcome.mean() < COMMON
        if enough and right > GIVES_IT_AWAY * len(picked):
            return True
    return False
