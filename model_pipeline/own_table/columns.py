"""The columns of a user's table that a model may see, and its rows with their outcomes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True)
class Columns:
    """Column names by kind; a model ignores every other column. `dates` maps a column to its strptime format.

    The rest says how training read the text of numbers and dates, so that a later file is read in the same way.
    """

    numeric: list[str]
    categorical: list[str]
    dates: dict[str, str] = field(default_factory=dict)
    decimal: dict[str, str] = field(default_factory=dict)  # the decimal mark, "." or ",", of each column of numbers
    fixed: list[str] = field(default_factory=list)  # whose decimal mark the user chose
    unit: dict[str, str] = field(default_factory=dict)  # such as % or €, or none, if all values have the same
    unknown: dict[str, list[str]] = field(default_factory=dict)  # words for unknown, beyond those that everybody uses

    @property
    def names(self) -> list[str]:
        return [*self.numeric, *self.dates, *self.categorical]


@dataclass(frozen=True)
class Reading:
    """The decision about one column, for a person to check."""

    column: str
    read_as: str
    why: str = ""
    unknown: str = ""  # how many values, and the words for them

    def __str__(self) -> str:
        unknown = f"unknown: {self.unknown}" if self.unknown else ""
        return f"{self.column}: " + "; ".join(filter(None, [self.read_as, self.why, unknown]))


@dataclass(frozen=True)
class Table:
    """Rows and their outcomes; arrays have shape (n,). `positive` is the outcome to predict."""

    rows: pl.DataFrame
    outcome: NDArray[np.str_]
    positive: str
    monthly_charge: NDArray[np.float64] | None  # None if no column says what a customer pays
    period: NDArray[Any] | None  # when each row was, as something that sorts; None if the table has no time
    bucket: NDArray[np.int64] | None = None  # folds keep its rows together; None if each row is its own customer
