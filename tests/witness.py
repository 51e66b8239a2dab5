"""A witness: it notes which months each Pipeline learns from, and which months it is asked about afterwards.

Rows are marked. Each customer's monthly charge is ten times the number of the row's month. The charge is a feature of
all models and an input of all campaign values, so nothing can use a row without showing its month.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from churn.tables import CONTRACTS, FEATURES, LABEL, NUMERIC_FEATURES, PLANS, REGIONS

CHARGE = "monthly_charge_eur"
MARK = 10.0  # euros a month's number, so that some calls pay
Months = frozenset[int]


@dataclass(frozen=True)
class Question:
    """A Pipeline that had learnt from some months was asked for the probabilities of customers of others."""

    about: Months
    learnt_from: Months
    to_calibrate: bool  # asked inside of a calibration, which judges nothing


@dataclass
class Witness:
    """All that was seen, in order."""

    learners: list[tuple[Months, Pipeline]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def fits(self) -> list[Months]:
        return [months for months, _ in self.learners]

    @property
    def verdicts(self) -> list[Question]:
        return [question for question in self.questions if not question.to_calibrate]

    @property
    def calibrations(self) -> list[Question]:
        return [question for question in self.questions if question.to_calibrate]


def marked_rows(*months: int, customers: int = 60, seed: int = 0) -> pl.DataFrame:
    """Make up that many customers in each of these months of 2025: features, and a label that depends on them."""
    rng, count = np.random.default_rng(seed), customers * len(months)
    month = np.repeat(months, customers)
    words = {"region": REGIONS, "plan": PLANS, "contract": CONTRACTS}
    columns: dict[str, Any] = {name: rng.uniform(0, 5, count) for name in NUMERIC_FEATURES}
    columns |= {name: rng.choice(list(values), count) for name, values in words.items()}
    columns[CHARGE] = MARK * month
    risk = 1 / (1 + np.exp(4 - columns["tickets_3m"] - 0.5 * columns["usage_trend"]))
    return pl.DataFrame(
        {
            "customer_id": np.tile(np.arange(customers), len(months)),
            "month": [f"2025-{number:02d}" for number in month],
            **{name: columns[name] for name in FEATURES},
            LABEL: rng.random(count) < risk,
        }
    )


def months_of(charge: Iterable[float]) -> Months:
    """Return the months that the marks show."""
    return frozenset(int(amount / MARK) for amount in charge)


@contextmanager
def watch(charge: str = CHARGE) -> Iterator[Witness]:
    """Watch every Pipeline of scikit-learn. `charge` is the column with the marks."""
    witness = Witness()
    calibrating: list[CalibratedClassifierCV] = []
    learnt_from: WeakKeyDictionary[Pipeline, Months] = WeakKeyDictionary()
    fit, calibrate = Pipeline.fit, CalibratedClassifierCV.fit

    def months(rows: pl.DataFrame) -> Months:
        return months_of(rows[charge].cast(pl.Float64))

    def watched_fit(self: Pipeline, X: pl.DataFrame, y: Any = None, **parameters: Any) -> Any:
        learnt_from[self] = months(X)
        witness.learners.append((months(X), self))
        return fit(self, X, y, **parameters)

    def watched(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)  # scikit-learn asks for its name
        def ask(self: Pipeline, X: pl.DataFrame, **parameters: Any) -> Any:
            question = Question(months(X), learnt_from.get(self, frozenset()), bool(calibrating))
            witness.questions.append(question)
            return method(self, X, **parameters)

        return ask

    def watched_calibrate(self: CalibratedClassifierCV, *arguments: Any, **parameters: Any) -> Any:
        calibrating.append(self)
        try:
            return calibrate(self, *arguments, **parameters)
        finally:
            calibrating.pop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipeline, "fit", watched_fit)
        for name in ("predict", "predict_proba", "decision_function"):
            patch.setattr(Pipeline, name, watched(getattr(Pipeline, name)))
        patch.setattr(CalibratedClassifierCV, "fit", watched_calibrate)
        yield witness
