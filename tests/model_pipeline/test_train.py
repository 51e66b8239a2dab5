"""The same seed gives the same model; the threshold follows the money."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from churn.train import training_and_holdout
from churn.value import campaign_value_eur
from model_pipeline.build import CANDIDATES, OPERATOR, trials
from model_pipeline.callback import TICKS
from model_pipeline.columns import Table
from model_pipeline.train import churn_probability, fit_best, operator_table
from tests.model_pipeline.conftest import COLUMNS, NEWEST, Run, only


def test_one_thread_or_two_and_once_or_twice_the_same_seed_gives_the_same_bits(finished: Run) -> None:
    rows, holdout = training_and_holdout(finished.lake, NEWEST)
    answers = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            model, _ = fit_best(operator_table(rows), OPERATOR, seed=5)
            answers.append((model.threshold, churn_probability(model, holdout).tobytes()))
    assert answers[0] == answers[1]


def test_another_seed_searches_elsewhere(table: Table) -> None:
    ticks: list[None] = []
    tried = [trials(fit_best(table, COLUMNS, seed, lambda: ticks.append(None))[1]) for seed in (1, 2)]
    assert len(ticks) == 2 * TICKS  # what the progress bar expects
    assert tried[0] != tried[1]
    for found in tried:
        assert len(found) == CANDIDATES
        assert [trial["log_loss"] for trial in found] == sorted(trial["log_loss"] for trial in found)


@pytest.fixture
def linear_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """One family is enough, and the quicker one, where only the threshold matters."""
    monkeypatch.setattr("model_pipeline.build.search_space", lambda *args: [only("splines", *args)])


@pytest.mark.usefixtures("linear_only")
def test_when_every_call_loses_money_nobody_is_called(table: Table) -> None:
    model, _ = fit_best(replace(table, monthly_charge=np.zeros(len(table.rows))), COLUMNS, seed=1)
    assert (model.predict(table.rows) == "Yes").mean() < 0.01


@pytest.mark.usefixtures("linear_only")
def test_when_a_customer_is_worth_a_fortune_hardly_a_leaver_is_left_out(table: Table) -> None:
    model, _ = fit_best(replace(table, monthly_charge=np.full(len(table.rows), 1e6)), COLUMNS, seed=1)
    assert (model.predict(table.rows)[table.outcome == "Yes"] == "Yes").mean() > 0.98


@pytest.mark.usefixtures("linear_only")
def test_the_threshold_earns_more_than_calling_everyone_or_those_who_are_likelier_to_leave_than_not(
    table: Table,
) -> None:
    charge = np.full(len(table.rows), 5.0)  # a saved customer brings 8, a call costs 4: whom to call matters
    model, _ = fit_best(replace(table, monthly_charge=charge), COLUMNS, seed=1)
    left = table.outcome == "Yes"
    called = {"chosen": model.predict(table.rows) == "Yes", "everyone": left | True, "no one": left & False}
    value = {name: campaign_value_eur(left, who, charge) for name, who in called.items()}
    assert value["chosen"] > max(value["everyone"], value["no one"], 0)


@pytest.mark.usefixtures("linear_only")
def test_predictions_follow_the_threshold(table: Table, customers: pl.DataFrame) -> None:
    model, _ = fit_best(replace(table, monthly_charge=None), COLUMNS, seed=1)
    expected = np.where(churn_probability(model, customers) >= model.threshold, "Yes", "No")
    assert np.array_equal(model.predict(customers), expected)
    assert 0 < (expected == "Yes").mean() < 1


@pytest.mark.usefixtures("linear_only")
def test_without_charges_the_threshold_balances_the_two_outcomes(table: Table) -> None:
    model, _ = fit_best(replace(table, monthly_charge=None), COLUMNS, seed=1)
    left, called = table.outcome == "Yes", model.predict(table.rows) == "Yes"
    recalls = called[left].mean(), 1 - called[~left].mean()
    assert sum(recalls) > 1.3
    assert min(recalls) > 0.6
