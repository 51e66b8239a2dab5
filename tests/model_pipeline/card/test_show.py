"""The card shows scores, plots and importance of both models on the hold-out month, which neither has learnt from."""

from pathlib import Path

import pytest

from churn.evaluation.scores import score
from churn.lake import partition
from churn.storage.model_file import churn_probability, load_model
from churn.tables import LABEL
from model_pipeline.card.show import show
from model_pipeline.deploy import deploy
from model_pipeline.model_file.skops_file import load_model as load_best
from model_pipeline.train import train
from tests.witness import CHARGE, marked_rows, watch

MONTH = "2025-07"
HOLDOUT = marked_rows(6, seed=1)


@pytest.mark.slow
def test_only_the_hold_out_month_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_pipeline.build.CANDIDATES", 2)
    tables = {"train": marked_rows(1, 2, 3, 4, 5), "holdout": HOLDOUT, "features": marked_rows(7, seed=2).drop(LABEL)}
    for name, rows in tables.items():
        folder = partition(tmp_path, "features" if name == "features" else "training", MONTH)
        folder.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(folder / f"{name}.parquet")
    train(tmp_path, MONTH)
    deploy(tmp_path, MONTH)
    (tmp_path / "card").mkdir()
    with watch() as seen:
        holdout, _ = show(tmp_path, MONTH, tmp_path / "no truth", tmp_path / "card", seed=0)
    assert seen.fits == []
    assert {question.about for question in seen.questions} == {frozenset({6})}

    baseline = load_model(partition(tmp_path, "model", MONTH) / "model.skops")
    best = load_best(partition(tmp_path, "best", MONTH) / "model.skops")
    for model, threshold, shown in (
        (baseline, holdout.baseline_threshold, holdout.baseline_scores()),
        (best, best.threshold, holdout.best_scores()),
    ):
        assert shown == score(HOLDOUT[LABEL], churn_probability(model, HOLDOUT), threshold, HOLDOUT[CHARGE])
