"""Write what people look at after a run: the card, its plots, whom to call, and customers to try the model on."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from churn.evaluation.ceiling import true_probability
from churn.evaluation.importance import falls_of_roc_auc
from churn.lake import parquet_in, partition
from churn.storage.model_file import churn_probability
from churn.storage.model_file import load_model as load_baseline
from churn.tables import FEATURES, LABEL
from churn.train import training_and_holdout
from model_pipeline.card.evaluate import Holdout
from model_pipeline.card.write import Story, threshold_by_value, write_card
from model_pipeline.model_file.skops_file import load_model

SAMPLE = 1000


def show(lake: Path, month: str, truth: Path, folder: Path, seed: int | None) -> tuple[Holdout, dict[str, str]]:
    """Write everything to `folder`; return the holdout, and for the report the names of the files by what they are."""
    rows, customers = training_and_holdout(lake, month)
    best = partition(lake, "best", month)
    model, trials = load_model(best / "model.skops"), json.loads((best / "trials.json").read_text(encoding="utf-8"))
    holdout = _holdout(lake, month, model, customers, truth)
    falls = falls_of_roc_auc(
        lambda table: churn_probability(model, table), customers, holdout.churned, FEATURES, seed or 0
    )
    files = write_card(folder, _story(rows, customers, holdout, seed), holdout, model, trials, falls)
    shutil.copyfile(best / "model.skops", folder / "model.skops")
    calls = pl.read_parquet(partition(lake, "calls", month) / "calls.parquet", glob=False)
    calls.filter("call").sort("churn_probability", descending=True).write_csv(folder / "whom_to_call.csv")
    features = pl.read_parquet(parquet_in(partition(lake, "features", month)), hive_partitioning=False)
    features.head(SAMPLE).write_csv(folder / "customers.csv")
    return holdout, {"model": "model.skops", **files, "calls": "whom_to_call.csv", "customers": "customers.csv"}


def _holdout(lake: Path, month: str, model: Any, customers: pl.DataFrame, truth: Path) -> Holdout:
    baseline = partition(lake, "model", month)
    scores = json.loads((baseline / "scores.json").read_text(encoding="utf-8"))
    return Holdout(
        churned=customers[LABEL].to_numpy(),
        baseline_probability=churn_probability(load_baseline(baseline / "model.skops"), customers),
        best_probability=churn_probability(model, customers),
        baseline_threshold=scores["threshold"],
        best_threshold=model.threshold,
        monthly_charge=customers["monthly_charge_eur"].to_numpy(),
        true_probability=true_probability(truth, customers),
    )


def _story(rows: pl.DataFrame, customers: pl.DataFrame, holdout: Holdout, seed: int | None) -> Story:
    months, tested = rows["month"].unique().sort(), customers["month"][0]
    share = float(rows[LABEL].to_numpy().mean())
    origin = "exports of an operator" if seed is None else f"a simulated operator, seed {seed}; no real customers"
    drift = "In this simulation the basic plan loses a little more each month. A model of last year is out of date."
    return Story(
        title="Who will leave next month?",
        purpose=(
            "For each customer who is active at the end of a month, the model gives the probability of cancelling in "
            "the next month, and says whether a retention call pays. It is made for a campaign that calls the riskiest "
            "customers. Do not use it for prices, for credit, or for anything that you may not tell a customer."
        ),
        holdout=f"Measured on {len(customers):,} held-out customers, {int(holdout.churned.sum()):,} of whom churned.",
        data=[
            f"Source: {origin}.",
            f"Training: {len(rows):,} customer-months, {months[0]} to {months[-1]}; {share:.1%} churned.",
            f"Hold-out set: {len(customers):,} customers of {tested}, the newest month whose outcome is known.",
            f"Columns: {', '.join(FEATURES)}.",
        ],
        threshold=threshold_by_value(holdout.best_threshold, holdout.currency),
        limits=[] if seed is None else [drift],
        example=".venv/model/bin/python -m model_pipeline.predict runs/model/model.skops runs/model/customers.csv",
    )
