"""Nothing judges a model of a user's table on rows that it has learnt from, and the hold-out rows choose nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from churn.value import campaign_value_eur
from model_pipeline.model_file.skops_file import load_model, positive_probability
from model_pipeline.own_table.columns import Columns, Table
from model_pipeline.own_table.fit import fit_best
from model_pipeline.own_table.run import run
from model_pipeline.own_table.table import OwnTable, understand
from tests.witness import CHARGE, Months, marked_rows, months_of, watch

COLUMNS = Columns([CHARGE, "tickets_3m", "usage_trend"], ["plan"])
PERIODS = frozenset(range(1, 9))


def table_of(rows: pl.DataFrame) -> Table:
    """Take marked rows for a user's table, in any order. Its period is the month."""
    rows = rows.sample(fraction=1.0, shuffle=True, seed=0)
    charge = rows[CHARGE].to_numpy()
    return Table(
        rows=rows.select(COLUMNS.names),
        outcome=np.where(rows["churned"].to_numpy(), "Yes", "No"),
        positive="Yes",
        monthly_charge=charge,
        period=(charge / 10).astype(np.int64),
    )


TRAIN, HOLDOUT = table_of(marked_rows(*PERIODS)), table_of(marked_rows(9, seed=1))


@pytest.fixture(autouse=True)
def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_pipeline.build.CANDIDATES", 2)


def test_with_a_time_each_period_that_judges_is_newer_than_all_that_the_judged_model_has_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charged: list[Months] = []

    def witnessed_value(churned: NDArray[np.bool_], called: NDArray[np.bool_], charge: NDArray[np.float64]) -> float:
        charged.append(months_of(charge))
        return campaign_value_eur(churned, called, charge)

    monkeypatch.setattr("model_pipeline.own_table.fit.campaign_value_eur", witnessed_value)
    with watch() as seen:
        fit_best(TRAIN, COLUMNS, seed=0)
    newest_first = [Months({period}) for period in (8, 8, 6, 6, 7, 7, 8, 8)]
    assert [verdict.about for verdict in seen.verdicts] == newest_first, "two candidates, then two halves a period"
    assert all(max(verdict.learnt_from) < min(verdict.about) for verdict in seen.verdicts)
    assert set(charged) == {Months({period}) for period in (6, 7, 8)}
    assert len(seen.calibrations) == 8
    assert not any(question.about & question.learnt_from for question in seen.calibrations)


def test_without_a_time_no_row_is_judged_by_a_model_that_has_learnt_from_it() -> None:
    """Each row has its own mark."""
    marks = 10.0 * np.arange(1, len(TRAIN.rows) + 1)
    table = replace(TRAIN, rows=TRAIN.rows.with_columns(pl.Series(CHARGE, marks)), period=None)
    with watch() as seen:
        fit_best(table, COLUMNS, seed=0)
    assert len(seen.questions) > 20
    assert not any(question.about & question.learnt_from for question in seen.questions)


def test_with_customers_of_several_rows_no_customer_is_judged_by_a_model_that_has_learnt_from_one_of_them() -> None:
    """Each customer has a mark."""
    customer = np.arange(len(TRAIN.rows)) // 4
    marked = TRAIN.rows.with_columns(pl.Series(CHARGE, 10.0 * (customer + 1)))
    with watch() as seen:
        fit_best(replace(TRAIN, rows=marked, period=None, bucket=customer), COLUMNS, seed=0)
    assert len(seen.questions) > 20
    assert not any(question.about & question.learnt_from for question in seen.questions)


def own_table(holdout: Table) -> OwnTable:
    return OwnTable(COLUMNS, TRAIN, holdout, target="churned", negative="No", split="by time", notes=[])


@pytest.mark.slow
def test_the_hold_out_rows_are_scored_and_choose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_pipeline.own_table.run.write_card", lambda *_: None)  # it only draws what was chosen
    flipped = np.where(HOLDOUT.outcome == "Yes", "No", "Yes")
    assert HOLDOUT.monthly_charge is not None
    other = replace(HOLDOUT, outcome=flipped, monthly_charge=HOLDOUT.monthly_charge * 100)
    chosen, scores = [], []
    for name, holdout in (("usual", HOLDOUT), ("other", other)):
        with watch() as seen:
            scored = run(own_table(holdout), tmp_path / name, seed=0)
        assert not any(9 in months for months in seen.fits)
        model = load_model(tmp_path / name / "model.skops")
        assert scored.best_threshold == model.threshold
        assert scored.best_probability.tolist() == positive_probability(model, holdout.rows).tolist()
        chosen.append((scored.baseline_threshold, model.threshold, positive_probability(model, TRAIN.rows).tobytes()))
        scores.append((scored.baseline_scores(), scored.best_scores()))
    assert chosen[0] == chosen[1]
    assert scores[0] != scores[1], "the scores do depend on them"


@pytest.mark.parametrize("dear", [5.0, 5000.0])
def test_a_missing_charge_is_filled_from_the_rows_to_learn_from(tmp_path: Path, dear: float) -> None:
    """The hold-out rows pay more or less, and their charges have no part in it."""
    rows = marked_rows(*range(1, 13)).with_row_index("row")
    newest = pl.col("month") >= "2025-10"
    charge = pl.when(newest).then(dear).when(pl.col("row") % 7 > 0).then(CHARGE)
    rows.with_columns(charge.alias(CHARGE)).write_csv(tmp_path / "mine.csv")
    own = understand(tmp_path / "mine.csv", "churned", "month", CHARGE, seed=0)
    known = own.train.rows[CHARGE].cast(pl.Float64)
    assert known.has_nulls()
    assert own.train.monthly_charge is not None
    assert set(own.train.monthly_charge[known.is_null().to_numpy()]) == {known.median()}
