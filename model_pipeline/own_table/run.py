"""Learn from a user's table: fit both models, and write scores, plots, model card and model to one folder."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from churn.evaluation.importance import falls_of_roc_auc
from churn.lake import new_partition
from churn.value import best_threshold
from model_pipeline.build import trials
from model_pipeline.card.evaluate import Holdout
from model_pipeline.card.write import Story, threshold_by_balance, threshold_by_value, write_card
from model_pipeline.model_file.skops_file import positive_probability, save_model
from model_pipeline.own_table.fit import fit_best
from model_pipeline.own_table.pipelines import baseline
from model_pipeline.own_table.table import OwnTable
from model_pipeline.terminal.progress import SearchProgress


def folder_for(path: Path, runs: Path) -> Path:
    """Return `runs/model-<name of the CSV>`, in letters that any file system takes."""
    name = Path(path.name.removesuffix(".gz")).stem
    return runs / f"model-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-').lower() or 'table'}"


def run(own: OwnTable, folder: Path, seed: int, advance: Callable[[], object] = lambda: None) -> Holdout:
    """Fit both models and write everything to `folder`, which is replaced as a whole at the end."""
    with new_partition(folder) as written:  # before the search, to fail at once if the folder cannot be written
        with threadpool_limits(1):
            plain = baseline(own.columns).fit(own.train.rows, own.train.outcome)
        advance()
        model, searched = fit_best(own.train, own.columns, seed, [SearchProgress(advance)])
        holdout = _holdout(own, plain, model)
        falls = falls_of_roc_auc(
            lambda rows: positive_probability(model, rows), own.holdout.rows, holdout.churned, own.columns.names, seed
        )
        save_model(model, written / "model.skops")
        write_card(written, _story(own, holdout, folder), holdout, model, trials(searched), falls)
    advance()
    return holdout


def _holdout(own: OwnTable, plain: Pipeline, model: FixedThresholdClassifier) -> Holdout:
    train, tested = own.train, own.holdout
    positive = list(plain.classes_).index(train.positive)
    with threadpool_limits(1):
        seen, unseen = (plain.predict_proba(rows)[:, positive] for rows in (train.rows, tested.rows))
    churned, charge = train.outcome == train.positive, train.monthly_charge
    return Holdout(
        churned=tested.outcome == tested.positive,
        baseline_probability=unseen,
        best_probability=positive_probability(model, tested.rows),
        baseline_threshold=0.5 if charge is None else best_threshold(churned, seen, charge),
        best_threshold=model.threshold,
        monthly_charge=tested.monthly_charge,
        currency="",  # the table does not say
    )


def _story(own: OwnTable, holdout: Holdout, folder: Path) -> Story:
    learnt, held_out = len(own.train.rows), len(own.holdout.rows)
    share = np.mean(own.train.outcome == own.train.positive)
    return Story(
        title=f"Predicting {own.target} = {own.train.positive}",
        purpose=f"The probability, for each row, that {own.target} is '{own.train.positive}', not '{own.negative}'.",
        holdout=f"Measured on {held_out:,} held-out rows. "
        f"In {int(holdout.churned.sum()):,} of them, {own.target} is '{own.train.positive}'.",
        data=[
            f"{learnt + held_out:,} rows, {learnt:,} of them to learn from "
            f"({share:.1%} with '{own.train.positive}'); {own.split}.",
            f"Columns: {', '.join(own.columns.names)}.",
            *own.notes,
            *map(str, own.readings),
        ],
        threshold=threshold_by_balance(holdout.best_threshold)
        if holdout.monthly_charge is None
        else threshold_by_value(holdout.best_threshold, holdout.currency),
        limits=[]
        if own.train.period is not None
        else ["Split at random: if customers or times differ from this table's, so will the scores."],
        example=f".venv/model/bin/python -m model_pipeline.predict {folder / 'model.skops'} customers.csv",
    )
