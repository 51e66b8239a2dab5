"""The truth depends on nothing but what the tables show, and reaches nothing that a pipeline makes."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from churn.build import build
from churn.evaluation.ceiling import ceiling_roc_auc, true_probability
from churn.simulator import behaviour as simulator
from churn.simulator.behaviour import Columns, churn_probability
from churn.tables import CATEGORICAL_FEATURES, CONTRACTS, NUMERIC_FEATURES, PLANS
from churn.train import training_and_holdout
from tests.churn.small_world import MONTHS, NEWEST, features_of, files, rows, run_stages


@pytest.mark.parametrize("month", MONTHS[:-1])  # the newest month still waits for its late rows
def test_the_true_probability_follows_from_the_restated_features_alone(
    operator: Path, clean_lake: Path, month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = features_of(clean_lake, month)
    visible: Columns = {name: features[name].to_numpy() for name in NUMERIC_FEATURES}
    visible["contract"] = features["contract"].replace_strict(CONTRACTS, range(3)).to_numpy()
    visible["plan"] = features["plan"].replace_strict(PLANS, range(3)).to_numpy()
    monkeypatch.setattr(simulator, "usage_trend", lambda people: people["usage_trend"])
    computed = churn_probability(visible, months_since_start=MONTHS.index(month))
    truth = pl.read_parquet(operator / "truth" / f"month={month}" / "*.parquet", hive_partitioning=False)
    truth = truth.sort("customer_id")
    assert features["customer_id"].equals(truth["customer_id"])
    assert np.abs(computed - truth["churn_probability"].to_numpy()).max() < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("what_is_there", ["nothing", "other figures", "no tables at all"])
def test_no_stage_reads_the_truth(operator: Path, clean_lake: Path, tmp_path: Path, what_is_there: str) -> None:
    source = Path(shutil.copytree(operator / "source", tmp_path / "source"))
    if what_is_there != "nothing":
        shutil.copytree(operator / "truth", tmp_path / "truth")
    for file in tmp_path.glob("truth/*/*.parquet"):
        if what_is_there == "no tables at all":
            file.write_bytes(b"whoever opens this fails")
        else:
            pl.read_parquet(file, hive_partitioning=False).with_columns(churn_probability=0.5).write_parquet(file)
    run_stages(source, tmp_path / "lake", MONTHS)
    assert files(tmp_path / "lake") == files(clean_lake)


def test_features_are_what_they_are_said_to_be_and_nothing_else(clean_lake: Path) -> None:
    for month in MONTHS:
        features = rows(clean_lake, "features", month)
        assert features.columns == ["customer_id", "month", *NUMERIC_FEATURES, *CATEGORICAL_FEATURES]
        assert features.null_count().sum_horizontal().item() == 0
        assert features.select(pl.col(NUMERIC_FEATURES).is_finite().all()).row(0) == (True,) * len(NUMERIC_FEATURES)


def test_the_ceiling_is_the_truths_score_on_the_holdout(operator: Path, lake: Path) -> None:
    build(lake, NEWEST)
    holdout = training_and_holdout(lake, NEWEST)[1]
    known = true_probability(operator / "truth", holdout)
    assert known is not None
    ceiling = ceiling_roc_auc(operator / "truth", holdout)
    churned = holdout["churned"].to_numpy()
    pairs = known[churned][:, None] - known[~churned][None, :]
    assert ceiling == pytest.approx(np.mean((pairs > 0) + (pairs == 0) / 2))


def test_there_is_no_ceiling_where_the_truth_is_not_known(lake: Path, operator: Path, tmp_path: Path) -> None:
    holdout = training_and_holdout(lake, NEWEST)[1]
    assert ceiling_roc_auc(tmp_path / "no truth", holdout) is None
    stranger = holdout.with_columns(customer_id=pl.col("customer_id") + 1_000_000)
    assert ceiling_roc_auc(operator / "truth", stranger) is None
