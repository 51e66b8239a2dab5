"""What a model is told: which columns of the table it may see, and as what; which rows, and what became of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True)
class Columns:
    """Column names by kind; every other column is ignored. `dates` maps a column of dates to its strptime
    format; the model sees days since 1970.

    `pool_rare_words`: treat categories seen a few times as one. Not needed (and slow) where a contract lists
    the words.
    """

    numeric: list[str]
    categorical: list[str]
    dates: dict[str, str] = field(default_factory=dict)
    pool_rare_words: bool = True

    @property
    def names(self) -> list[str]:
        return [*self.numeric, *self.dates, *self.categorical]


@dataclass(frozen=True)
class Table:
    """Rows and their outcome, shape (n,). `positive` is the outcome that means leaving: True or a word of it."""

    rows: pl.DataFrame
    outcome: NDArray[Any]
    positive: bool | str
    monthly_charge: NDArray[np.float64] | None  # None if the table has no such column
    period: NDArray[Any] | None  # sortable: when each row was; None if the table has no time
