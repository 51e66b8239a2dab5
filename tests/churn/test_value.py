import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from churn.value import (
    CALL_NO_ONE,
    best_threshold,
    campaign_value_eur,
    campaigns_without_a_model,
    value_per_customer_eur,
)
from tests.churn.small_world import modest

CUSTOMER = st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.floats(1.0, 200.0))
CUSTOMERS = st.lists(CUSTOMER, min_size=1, max_size=30)


def columns(
    customers: list[tuple[bool, float, float]],
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    churned, probability, charge = zip(*customers, strict=True)
    return np.array(churned), np.array(probability), np.array(charge)


def test_a_call_costs_and_keeps_a_share_of_those_who_would_leave() -> None:
    """4 € a call; of 100 callers about to leave 30 stay 12 months, at 45 % margin."""
    assert value_per_customer_eur([True, False], [30.0, 30.0]).tolist() == pytest.approx(
        [0.3 * 0.45 * 12 * 30 - 4, -4.0]
    )
    assert campaign_value_eur([True, False, True], [True, True, False], [30.0, 30.0, 99.0]) == pytest.approx(40.6)


def test_ones_and_zeros_mean_yes_and_no() -> None:
    """They are no positions: the customers called are the first two."""
    charge = [30.0, 10.0, 99.0]
    expected = campaign_value_eur([True, False, True], [True, True, False], charge)
    assert campaign_value_eur([1, 0, 1], [1, 1, 0], charge) == campaign_value_eur([1, 0, 1], [1.0, 1.0, 0.0], charge)
    assert campaign_value_eur([1, 0, 1], [1, 1, 0], charge) == pytest.approx(expected)


def test_calling_no_one_earns_nothing() -> None:
    assert campaign_value_eur([True, False], [False, False], [30.0, 30.0]) == 0.0


@modest
@given(customers=CUSTOMERS)
def test_no_other_threshold_earns_more(customers: list[tuple[bool, float, float]]) -> None:
    churned, probability, charge = columns(customers)
    threshold = best_threshold(churned, probability, charge)
    earned = campaign_value_eur(churned, probability >= threshold, charge)
    every = [
        campaign_value_eur(churned, probability >= other, charge) for other in {*probability.tolist(), CALL_NO_ONE}
    ]
    assert earned == pytest.approx(max(every))
    assert earned >= 0


def test_customers_of_equal_probability_are_called_together() -> None:
    """The first alone would earn most, but no threshold tells the two apart."""
    assert best_threshold([True, False], [0.5, 0.5], [3.0, 3.0]) == CALL_NO_ONE
    assert best_threshold([True, False], [0.5, 0.5], [30.0, 30.0]) == 0.5
    assert best_threshold([True, True, False], [0.9, 0.5, 0.5], [30.0, 3.0, 3.0]) == 0.9


def test_if_every_call_loses_money_no_one_is_called() -> None:
    threshold = best_threshold([False, False], [1.0, 0.2], [30.0, 30.0])
    assert not (np.array([1.0, 0.2]) >= threshold).any()


def test_a_campaign_that_earns_less_than_a_euro_is_worth_it_and_one_that_earns_nothing_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charge = 4.5 / (0.3 * 0.45 * 12)
    assert campaign_value_eur([True], [True], [charge]) == pytest.approx(0.5)
    assert best_threshold([True], [0.7], [charge]) == 0.7
    monkeypatch.setattr("churn.value.COST_PER_CALL_EUR", 0.0)
    assert best_threshold([False], [0.7], [30.0]) == CALL_NO_ONE


@modest
@given(customers=CUSTOMERS)
def test_a_random_tenth_earns_a_tenth_of_everyone(customers: list[tuple[bool, float, float]]) -> None:
    churned, _, charge = columns(customers)
    without = campaigns_without_a_model(churned, charge)
    assert list(without) == ["everyone", "no one", "a random tenth"]
    assert without["everyone"] == pytest.approx(campaign_value_eur(churned, np.ones(len(churned), bool), charge))
    assert without["a random tenth"] == pytest.approx(without["everyone"] / 10)
    assert without["no one"] == 0.0
