"""The model pipeline on a table of your own: baseline and best, scores, pictures, card and model, in one folder."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from churn.lake import new_partition
from churn.value import best_threshold
from model_pipeline.build import baseline, trials
from model_pipeline.card import Story, threshold_by_balance, threshold_by_value, write_card
from model_pipeline.evaluate import Holdout
from model_pipeline.model_file import save_model
from model_pipeline.own_table import OwnTable
from model_pipeline.plots import draw_all, permutation_importance
from model_pipeline.train import churn_probability, fit_best


def folder_for(path: Path, runs: Path) -> Path:
    """`runs/model-<name of the CSV>`, of letters that any file system takes."""
    name = (
        path.name.removesuffix(".gz").removesuffix(path.suffix if path.suffix != ".gz" else ".csv").removesuffix(".csv")
    )
    return runs / f"model-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-').lower() or 'table'}"


def run(own: OwnTable, folder: Path, seed: int, tick: Callable[[], None] = lambda: None) -> Holdout:
    """Fit both models and write everything to `folder`, which is replaced as a whole when all is done."""
    train, tested = own.train, own.holdout
    with threadpool_limits(1):
        plain = baseline(own.columns).fit(train.rows, train.outcome)
        seen, plainly = (
            plain.predict_proba(rows)[:, _position(plain, train.positive)] for rows in (train.rows, tested.rows)
        )
    tick()
    model, tried = fit_best(train, own.columns, seed, tick)
    left = train.outcome == train.positive
    holdout = Holdout(
        left=tested.outcome == tested.positive,
        baseline=plainly,
        best=churn_probability(model, tested.rows),
        baseline_threshold=0.5 if train.monthly_charge is None else best_threshold(left, seen, train.monthly_charge),
        threshold=model.threshold,
        monthly_charge=tested.monthly_charge,
        currency="",  # whatever the table's is
    )
    importance = permutation_importance(
        lambda rows: churn_probability(model, rows), tested.rows, holdout.left, own.columns.names, seed
    )
    with new_partition(folder) as written:
        pictures = draw_all(written, holdout, importance)
        save_model(model, written / "model.skops")
        write_card(written, _story(own, holdout, folder), holdout, model, trials(tried), pictures)
    tick()
    return holdout


def _position(model: object, outcome: bool | str) -> int:
    return list(model.classes_).index(outcome)  # type: ignore[attr-defined] # scikit-learn has no types


def _story(own: OwnTable, holdout: Holdout, folder: Path) -> Story:
    rows = len(own.train.rows) + len(own.holdout.rows)
    share = float(np.mean(own.train.outcome == own.train.positive))
    learnt = len(own.train.rows)
    by_value = holdout.monthly_charge is not None
    return Story(
        title=f"Predicting {own.target} = {own.train.positive}",
        purpose=f"The probability, for each row, that {own.target} is '{own.train.positive}', not '{own.negative}'.",
        data=[
            f"{rows:,} rows, {learnt:,} of them to learn from ({share:.1%} {own.train.positive}); {own.split}.",
            f"Columns: {', '.join(own.columns.names)}.",
            *own.notes,
        ],
        threshold=threshold_by_value(holdout.threshold, holdout.currency)
        if by_value
        else threshold_by_balance(holdout.threshold),
        limits=[]
        if own.train.period is not None
        else ["Split at random: if customers or times differ from this table's, so will the scores."],
        example=f"python -m model_pipeline.predict {folder / 'model.skops'} customers.csv",
    )
