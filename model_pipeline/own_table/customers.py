"""Find out which rows of a user's table belong to the same customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.harness.errors import BadInput

PERSON = "cust|customer|cliente?|kunden?|user|account|acct|subscriber|member|person|individual|household|player|patient"
NUMBER = "id|identifier|uid|uuid|guid|no|nr|num|number|nummer|code|key|ref|hash"
NAMES_A_CUSTOMER = rf"(?i:^({PERSON}|msisdn|phone|mobile|e-?mail)s?$|({PERSON})s?[_ .-]*({NUMBER})$)"
NAMES_SOMETHING = r"(?i:(^|[_ .-])([cpu]?id(num)?|identifier|uuid|guid|key|phone|email)$)|[a-z]I[dD]$"
CODE = r"^[A-Za-z0-9_-]*(?:[A-Za-z][_-]?\d|\d[_-]?[A-Za-z])[A-Za-z0-9_-]*$"  # C00012 or a hash, but not a city
DATE = r"^\d+-[A-Za-z]{3,9}-\d+$"  # 05-Jan-2024 looks like a code
FEWEST = 20  # different values; fewer are a category, such as a shop or a plan
MOST_ROWS_EACH = 50  # on average, for a column whose name does not say "customer"
FEWEST_OF_EACH_OUTCOME = 12  # customers; each fold of a fold needs some
LOOK_ALIKE = "rows that equal an earlier one in all columns that are learnt from"
BUCKETS = 2_000  # StratifiedGroupKFold asks every group in a loop of Python, so customers share buckets


@dataclass(frozen=True)
class Customers:
    """The customer of each row as a number from 0, shape (n,), and in words how a split treats them."""

    number: NDArray[np.int64]
    kept_whole: str

    def buckets(self, seed: int) -> NDArray[np.int64]:
        """Return a bucket for each row, shape (n,). All rows of a customer share one."""
        shuffled = np.random.default_rng(seed).permutation(int(self.number.max()) + 1)
        return np.asarray(shuffled[self.number] % BUCKETS)

    def share_outcome(self, positive: pl.Series) -> bool:
        """Return whether most customers with several rows, one of them positive, are positive in all their rows."""
        each = pl.DataFrame({"customer": self.number, "positive": positive}).group_by("customer")
        several = each.agg(pl.len(), pl.col("positive").sum()).filter(pl.col("len") > 1, pl.col("positive") > 0)
        return bool((several["positive"] == several["len"]).sum() > len(several) / 2)


def customer_column(table: pl.DataFrame, inputs: Sequence[str]) -> str | None:
    """Return the column that says whose row it is, if a customer has several rows, else None.

    A column named after customers comes before other ids, and an id before a code under any name. Of two alike, the one
    with fewer values is taken, since a household holds its members together.
    """
    found = []
    for name in inputs:
        values = table[name].drop_nulls()
        different = values.n_unique()
        if not FEWEST <= different < len(values) or len(values) < len(table) / 2:
            continue
        label = pl.Series([name])
        few_rows_each = len(values) <= MOST_ROWS_EACH * different
        if label.str.contains(NAMES_A_CUSTOMER).item():
            found.append((0, different, name))
        elif few_rows_each and label.str.contains(NAMES_SOMETHING).item():
            found.append((1, different, name))
        elif few_rows_each and _are_codes(values) and _decides_a_number(table, name, inputs):
            found.append((2, different, name))
    return min(found)[2] if found else None


def _are_codes(values: pl.Series) -> bool:
    """Return whether these are words of letters and digits. Of random codes, a few may happen to have only one kind."""
    return bool((values.str.contains(CODE) & ~values.str.contains(DATE)).mean() > 0.95)  # type: ignore[operator] # a number


def _decides_a_number(table: pl.DataFrame, name: str, inputs: Sequence[str]) -> bool:
    """Return whether a column of many numbers is the same in all rows of each value of `name`."""
    others = [
        other for other in inputs if other != name and table[other].cast(pl.Float64, strict=False).n_unique() > FEWEST
    ]
    return any(table[[name, other]].n_unique() == table[name].n_unique() for other in others)


def customers_of(table: pl.DataFrame, column: str, target: str, path: Path, notes: list[str]) -> Customers:
    """Number the customers of the rows; a row without one counts as one. Raises BadInput if they are few."""
    own = pl.int_range(len(table), eager=True).cast(pl.String)
    number = ("=" + table[column].cast(pl.String)).fill_null(own).rank("dense")
    each = pl.DataFrame({"customer": number, "outcome": table[target]}).unique()
    for (word,), customers in each.group_by("outcome"):
        if len(customers) < FEWEST_OF_EACH_OUTCOME:
            raise BadInput(
                f"{path} has several rows for a customer ({column}), and only {len(customers)} customers with "
                f"{target}={word}: at least {FEWEST_OF_EACH_OUTCOME} are needed"
            )
    notes.append(
        f"{column} says whose row it is: {number.n_unique():,} customers in {len(table):,} rows; not learnt from"
    )
    return Customers((number - 1).to_numpy().astype(np.int64), f"each customer with all rows ({column})")


def rows_written_twice(table: pl.DataFrame, names: Sequence[str], notes: list[str]) -> Customers | None:
    """Take rows that are equal in the columns `names` for one customer's, unless most rows of the table are alike."""
    same = table[list(names)].select(pl.struct(pl.all()).rank("dense")).to_series()
    if not (repeated := len(table) - same.n_unique()):
        return None
    if repeated > len(table) / 2:
        notes.append(f"{LOOK_ALIKE}: {repeated:,}, kept, and they may be on both sides of the split")
        return None
    notes.append(f"{LOOK_ALIKE}: {repeated:,}, kept on the same side of the split")
    return Customers((same - 1).to_numpy().astype(np.int64), "equal rows together")
