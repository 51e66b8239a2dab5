"""Print how good the models are, where the files are, and which command to try next."""

import shlex
from pathlib import Path

from churn.harness.terminal import console, print_table
from model_pipeline.card.evaluate import Holdout, score_table


def print_holdout(title: str, holdout: Holdout) -> None:
    """Print the scores of both models, and the ceiling where the true probabilities are known."""
    print_table(title, *score_table(holdout), "model")
    if holdout.ceiling is not None:
        console.print(f"ceiling: a model that knew the true probabilities would reach ROC-AUC {holdout.ceiling:.4f}")


def print_files(folder: Path) -> None:
    console.print(f"model card with plots: {folder / 'card.html'}", soft_wrap=True)
    console.print(f"model: {folder / 'model.skops'}", soft_wrap=True)


def print_next(model: Path, customers: Path) -> None:
    words = [".venv/model/bin/python", "-m", "model_pipeline.predict", str(model), str(customers)]
    console.print(f"next: {shlex.join(words)}", soft_wrap=True)
