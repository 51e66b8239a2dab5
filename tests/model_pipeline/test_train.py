"""Search, calibration and threshold judge no model on months that it has learnt from."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike
from sklearn.frozen import FrozenEstimator

from churn.evaluation.scores import score
from churn.lake import partition
from churn.tables import LABEL, NUMERIC_FEATURES
from churn.value import campaign_value_eur
from model_pipeline import campaign
from model_pipeline.build import trials
from model_pipeline.model_file.skops_file import load_model, positive_probability
from model_pipeline.periods import Folds, newest_periods, to_search
from model_pipeline.train import fit_best, train
from tests.model_pipeline.conftest import NEWEST
from tests.witness import CHARGE, Months, marked_rows, months_of, watch

MONTHS = range(1, 9)
ROWS = marked_rows(*MONTHS)


def months_before(month: int) -> Months:
    return frozenset(range(1, month))


@pytest.fixture
def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_pipeline.build.CANDIDATES", 2)


@pytest.mark.usefixtures("few_candidates")
def test_each_month_that_judges_is_newer_than_all_that_the_judged_model_has_learnt_from() -> None:
    with watch() as seen:
        fit_best(ROWS, seed=0)
    by_search, by_threshold = seen.verdicts[:2], seen.verdicts[2:]
    assert [(verdict.about, verdict.learnt_from) for verdict in by_search] == 2 * [(Months({8}), months_before(8))]
    assert [verdict.about for verdict in by_threshold] == [{6}, {6}, {7}, {7}, {8}, {8}], "both halves, each month"
    for one, other in zip(by_threshold[::2], by_threshold[1::2], strict=True):
        assert one.learnt_from | other.learnt_from == months_before(min(one.about))


@pytest.mark.usefixtures("few_candidates")
def test_a_model_is_calibrated_on_months_that_it_has_not_learnt_from() -> None:
    with watch() as seen:
        fit_best(ROWS, seed=0)
    together = []
    for one, other in zip(seen.calibrations[::2], seen.calibrations[1::2], strict=True):
        assert (one.about, one.learnt_from) == (other.learnt_from, other.about), "each half calibrates the other"
        assert not one.about & one.learnt_from
        together.append(one.about | one.learnt_from)
    assert sorted(together, key=len) == [months_before(newest) for newest in (6, 7, 8, 9)], "9: the deployed model"


@pytest.mark.slow
@pytest.mark.usefixtures("few_candidates")
def test_another_newest_month_changes_nothing_that_was_learnt_before_it() -> None:
    """A transformer fitted outside of the folds would show here, though no model learns from a row of that month."""
    newest = pl.col("month") == "2025-08"
    numbers = [name for name in NUMERIC_FEATURES if name != CHARGE]
    other = ROWS.with_columns(pl.when(newest).then(pl.col(numbers) * 50 + 7).otherwise(pl.col(numbers)))
    answers = []
    for rows in (ROWS, other.with_columns(pl.col(LABEL) ^ newest)):
        with watch() as seen:
            fit_best(rows, seed=0)
        compared = seen.learners[:2]  # two candidates; later learners depend on which of them has won
        assert [months for months, _ in compared] == 2 * [months_before(8)]
        answers.append([candidate.predict_proba(ROWS).tobytes() for _, candidate in compared])
    assert answers[0] == answers[1]


@pytest.mark.usefixtures("few_candidates")
def test_the_threshold_is_chosen_by_the_charges_of_the_month_that_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[Months] = []

    def witnessed_value(churned: ArrayLike, called: ArrayLike, monthly_charge_eur: ArrayLike) -> float:
        charged.append(months_of(np.asarray(monthly_charge_eur)))
        return campaign_value_eur(churned, called, monthly_charge_eur)

    monkeypatch.setattr(campaign, "campaign_value_eur", witnessed_value)
    fit_best(ROWS, seed=0)
    assert [months for before, months in pairwise([None, *charged]) if months != before] == [
        Months({month}) for month in (6, 7, 8)
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("few_candidates")
def test_the_threshold_earns_most_in_the_months_that_chose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the thresholds on offer, as scikit-learn interpolates between folds."""
    monkeypatch.setattr("model_pipeline.train.THRESHOLDS", np.array([0.01, 1.01]))
    everyone_pays = ROWS.with_columns(pl.lit(1e6).alias(CHARGE))
    no_one_pays = ROWS.with_columns(pl.lit(0.0).alias(CHARGE))
    assert fit_best(everyone_pays, seed=0)[0].threshold == pytest.approx(0.01)
    assert fit_best(no_one_pays, seed=0)[0].threshold == pytest.approx(1.01)


@pytest.mark.usefixtures("few_candidates")
def test_the_deployed_model_is_the_searchs_winner_calibrated_and_frozen() -> None:
    model, searched = fit_best(ROWS, seed=0)
    assert isinstance(model.estimator, FrozenEstimator)
    assert model.pos_label is True
    calibrated = model.estimator.estimator
    assert (calibrated.method, len(calibrated.calibrated_classifiers_)) == ("sigmoid", 2)
    for half in calibrated.calibrated_classifiers_:
        for name, value in searched.best_params_.items():
            if "__" in name:
                assert half.estimator.get_params()[name] == value
            else:
                assert type(half.estimator[name]) is type(value)
    called = model.predict(ROWS)
    assert set(called) == {True, False}
    assert called.tolist() == (positive_probability(model, ROWS) >= model.threshold).tolist()


@pytest.mark.slow
@pytest.mark.usefixtures("few_candidates")
def test_another_hold_out_month_changes_nothing_that_was_chosen(tmp_path: Path) -> None:
    usual = marked_rows(9, seed=1)
    other = usual.with_columns(~pl.col(LABEL), pl.col(CHARGE) * 100, plan=pl.lit("none"))
    chosen, scores = [], []
    for name, holdout in (("usual", usual), ("other", other)):
        training, best = (partition(tmp_path / name, table, NEWEST) for table in ("training", "best"))
        training.mkdir(parents=True)
        ROWS.write_parquet(training / "train.parquet")
        holdout.write_parquet(training / "holdout.parquet")
        train(tmp_path / name, NEWEST)
        model = load_model(best / "model.skops")
        probability = positive_probability(model, ROWS).tobytes()
        chosen.append((probability, model.threshold, (best / "trials.json").read_text()))
        scores.append(json.loads((best / "scores.json").read_text()))
    assert chosen[0] == chosen[1]
    assert scores[0] != scores[1], "the scores do depend on it"


@pytest.mark.usefixtures("few_candidates")
@pytest.mark.slow
def test_the_best_model_is_written_with_its_scores_and_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[Any] = []

    def seen_fit(rows: pl.DataFrame, seed: int, callbacks: list[str]) -> Any:
        fits.append((rows, seed, callbacks, fit_best(rows, seed)))
        return fits[-1][-1]

    def seeded(folds: Callable[[ArrayLike, int], Folds]) -> Callable[[ArrayLike, int], Folds]:
        return lambda period, seed: folds(period, seeds.append(seed) or seed)  # type: ignore[func-returns-value]

    seeds: list[int] = []
    monkeypatch.setattr("model_pipeline.train.fit_best", seen_fit)
    monkeypatch.setattr("model_pipeline.train.to_search", seeded(to_search))
    monkeypatch.setattr("model_pipeline.train.newest_periods", seeded(newest_periods))
    holdout = marked_rows(9, seed=1)
    training, best, baseline = (partition(tmp_path, table, NEWEST) for table in ("training", "best", "model"))
    training.mkdir(parents=True)
    ROWS.write_parquet(training / "train.parquet")
    holdout.write_parquet(training / "holdout.parquet")
    returned = train(tmp_path, NEWEST, seed=3, callbacks=["a callback"])

    [(rows, seed, callbacks, (model, searched))] = fits
    assert rows.equals(ROWS)
    assert (seed, callbacks) == (3, ["a callback"])
    trees = searched.param_distributions[1]["model"][0]
    assert [*seeds, searched.random_state, trees.random_state] == 4 * [3]
    probability = positive_probability(load_model(best / "model.skops"), holdout)
    scores = score(holdout[LABEL], probability, model.threshold, holdout[CHARGE])
    written = json.loads((best / "scores.json").read_text())
    assert written == {"threshold": model.threshold, **scores.as_dict()}
    assert (best / "trials.json").read_text() == json.dumps(trials(searched), indent=1)
    of_baseline = json.loads((baseline / "scores.json").read_text())
    assert of_baseline == {"threshold": of_baseline["threshold"], **returned.as_dict()}
