"""Compare the score that an answer's test promises with the score on customers that the check put aside."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from churn.data import telco
from workshop.answer import Answer, NotYet

SEE = "model_pipeline/yardstick/telco.py, leak_scores"
STRANGERS = 1409  # a fifth of the table
MOST_TREES = 60


@cache
def table() -> tuple[np.ndarray, np.ndarray]:
    """Return the features and who has left, in an order that no answer has seen."""
    rows = telco.load().sample(fraction=1.0, shuffle=True, seed=20)
    words = pl.col(telco.CATEGORICAL).rank("dense")
    return rows.select(*telco.NUMERIC, *telco.FLAGS, words).to_numpy(), (rows[telco.TARGET] == "Yes").to_numpy()


def check(answer: Answer) -> str:
    train_and_test = answer.function("train_and_test")
    features, left = table()
    known, known_left = features[STRANGERS:], left[STRANGERS:]
    train, test = (np.asarray(rows) for rows in train_and_test(known_left.copy(), np.random.default_rng(5)))
    raise_if_not_rows(train, test, len(known))
    copies = np.isin(test, train).mean()
    if copies > 0:
        promised, real = scores(known, known_left, train, test, features[:STRANGERS], left[:STRANGERS])
        drawn_once = len(np.unique(test)) == len(test)
        how = (
            "customers of the test were drawn for training" if drawn_once else "the rows were balanced before the split"
        )
        raise NotYet(
            f"{how}: {copies:.0%} of your test rows are copies of rows that the model has learnt by heart.\n"
            f"{figures(promised, real)}",
            SEE,
        )
    raise_if_the_test_is_not_the_world(known_left, test)
    if abs(known_left[train].mean() - 0.5) > 0.01:
        raise NotYet(
            f"the leak is gone, but {known_left[train].mean():.0%} of the training rows are leavers: the task asks for "
            "half. Balancing is allowed, in its place",
            SEE,
        )
    raise_if_the_order_of_the_table_matters(train_and_test)
    promised, real = scores(known, known_left, train, test, features[:STRANGERS], left[:STRANGERS])
    return f"{figures(promised, real)}\nYour test keeps its promise, within the precision of 1,409 customers."


def raise_if_not_rows(train: np.ndarray, test: np.ndarray, count: int) -> None:
    for name, rows in (("train on", train), ("test on", test)):
        if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or not len(rows):
            raise NotYet(
                f"the rows to {name} should be an array of row numbers, but are {rows.dtype}, shape {rows.shape}"
            )
        if rows.min() < 0 or rows.max() >= count:
            raise NotYet(f"the rows to {name} go from {rows.min()} to {rows.max()}, but there are {count} rows, from 0")


def raise_if_the_test_is_not_the_world(left: np.ndarray, test: np.ndarray) -> None:
    share, world = left[test].mean(), left.mean()
    if abs(share - world) > 0.06:
        how = "was balanced, too" if abs(share - 0.5) < 0.06 else "was picked over"
        raise NotYet(
            f"the test {how}: {share:.0%} of its rows are leavers, but {world:.0%} of the customers are. A test must "
            "look like the customers who will come",
            SEE,
        )
    if len(np.unique(test)) < len(test):
        raise NotYet("the test counts some customers twice: draw them without copies", SEE)
    if not 0.15 < len(test) / len(left) < 0.25:
        raise NotYet(f"the test has {len(test):,} of {len(left):,} customers, and should have a fifth", SEE)


def raise_if_the_order_of_the_table_matters(train_and_test: Callable[..., Any]) -> None:
    """Reject a test that is one end of the table. A different system may export the table sorted."""
    ordered = np.sort(table()[1])
    _, test = train_and_test(ordered.copy(), np.random.default_rng(6))
    if abs(ordered[test].mean() - ordered.mean()) > 0.06:
        raise NotYet(
            "the test is one end of the table, not a random draw: with a table sorted by outcome, "
            f"{ordered[test].mean():.0%} of it are leavers",
            SEE,
        )


def scores(
    known: np.ndarray,
    left: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    strangers: np.ndarray,
    strangers_left: np.ndarray,
) -> tuple[float, float]:
    forest = RandomForestClassifier(MOST_TREES, random_state=0).fit(known[train], left[train])
    promised = roc_auc_score(left[test], forest.predict_proba(known[test])[:, 1])
    return promised, roc_auc_score(strangers_left, forest.predict_proba(strangers)[:, 1])


def figures(promised: float, real: float) -> str:
    return (
        f"  your test promises                 ROC-AUC {promised:.3f}\n"
        f"  {STRANGERS:,} customers it had never met   ROC-AUC {real:.3f}"
    )
