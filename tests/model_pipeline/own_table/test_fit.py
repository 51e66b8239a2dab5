"""A model of a user's table: the seed decides the search, and the money decides the threshold."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import FixedThresholdClassifier

from churn.value import campaign_value_eur
from model_pipeline.build import trials
from model_pipeline.model_file.skops_file import positive_probability
from model_pipeline.own_table.columns import Table
from model_pipeline.own_table.fit import LEAF, fit_best
from model_pipeline.own_table.pipelines import boosted_trees, spline_regression
from model_pipeline.terminal.progress import SEARCH_STEPS, SearchProgress
from tests.model_pipeline.conftest import COLUMNS, only


@pytest.mark.slow
def test_a_different_seed_searches_elsewhere_and_the_progress_bar_reaches_its_end(table: Table) -> None:
    steps: list[None] = []
    tried = [trials(fit_best(table, COLUMNS, seed, [SearchProgress(lambda: steps.append(None))])[1]) for seed in (1, 2)]
    assert len(steps) == 2 * SEARCH_STEPS
    assert tried[0] != tried[1]


def fitted(table: Table) -> FixedThresholdClassifier:
    """One candidate of the quicker family is enough where only the threshold matters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_pipeline.build.CANDIDATES", 1)
        patch.setattr("model_pipeline.build.search_space", lambda *pipelines: [only("splines", *pipelines)])
        return fit_best(table, COLUMNS, seed=1)[0]


@pytest.mark.parametrize("rows", [100, 300])
def test_trees_of_a_small_table_with_a_time_can_split_in_every_fold(
    table: Table, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """With 200 rows a leaf, as for the operator's customers, all probabilities would be the same."""
    space = only("trees", spline_regression(COLUMNS), boosted_trees(COLUMNS, 0)) | {LEAF: [200]}
    monkeypatch.setattr("model_pipeline.build.CANDIDATES", 1)
    monkeypatch.setattr("model_pipeline.build.search_space", lambda *_: [space])
    small = Table(table.rows[:rows], table.outcome[:rows], "Yes", None, np.arange(rows) * 8 // rows)
    model, _ = fit_best(small, COLUMNS, seed=0)
    probability = positive_probability(model, table.rows)[rows:]
    assert roc_auc_score(table.outcome[rows:] == "Yes", probability) > 0.65


def test_when_every_call_loses_money_nobody_is_called(table: Table) -> None:
    model = fitted(replace(table, monthly_charge=np.zeros(len(table.rows))))
    assert (model.predict(table.rows) == "Yes").mean() < 0.01


def test_when_a_customer_is_worth_a_fortune_hardly_a_churned_customer_is_missed(table: Table) -> None:
    model = fitted(replace(table, monthly_charge=np.full(len(table.rows), 1e6)))
    assert (model.predict(table.rows)[table.outcome == "Yes"] == "Yes").mean() > 0.98


def test_the_threshold_earns_more_than_calling_everyone_or_those_who_are_likelier_to_leave_than_not(
    table: Table,
) -> None:
    charge = np.full(len(table.rows), 5.0)  # a saved customer brings 8, a call costs 4: whom to call matters
    model = fitted(replace(table, monthly_charge=charge))
    churned = table.outcome == "Yes"
    called = {"chosen": model.predict(table.rows) == "Yes", "everyone": churned | True, "no one": churned & False}
    value = {name: campaign_value_eur(churned, who, charge) for name, who in called.items()}
    assert value["chosen"] > max(value["everyone"], value["no one"], 0)


def test_without_charges_the_threshold_balances_the_two_outcomes_and_decides_the_predictions(table: Table) -> None:
    model = fitted(replace(table, monthly_charge=None))
    predicted = model.predict(table.rows)
    above = positive_probability(model, table.rows) >= model.threshold
    assert np.array_equal(predicted, np.where(above, "Yes", "No"))
    churned = table.outcome == "Yes"
    recalls = above[churned].mean(), 1 - above[~churned].mean()
    assert sum(recalls) > 1.3
    assert min(recalls) > 0.6
