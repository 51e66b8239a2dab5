"""Find out which rows of a user's table belong to the same customer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Reading

PERSON = (
    "cust|customer|cliente?|kunden?|user|account|acct|subscriber|member|person|individual|household|player|patient|"
    "subject|participant|respondent|student|employee|borrower|applicant|policyholder"
)
NUMBER = "id|identifier|uid|uuid|guid|no|nr|num|number|nummer|code|key|ref|hash"
NAMES_A_CUSTOMER = rf"(?i:^({PERSON}|msisdn|phone|mobile|e-?mail)s?$|({PERSON})s?[_ .-]*({NUMBER})$)"
NAMES_SOMETHING = r"(?i:(^|[_ .-])([cpu]?id(num)?|identifier|uuid|guid|key|phone|email)$)|[a-z]I[dD]$"
CUSTOMER = "customer"  # what a user can call a column
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


def customer_column(table: pl.DataFrame, inputs: Sequence[str], wanted: Mapping[str, str]) -> str | None:
    """Return the column that says whose row it is, if a customer has several rows, else None.

    `wanted` has the kinds that the user chose: one column may be the customer, and the others are not. Otherwise, a
    column named after customers comes before other ids. Of two alike, the one with fewer values is taken, since a
    household holds its members together.
    """
    found = [(-1, 0, name) for name in inputs if wanted.get(name) == CUSTOMER]
    for name in (name for name in inputs if name not in wanted):
        values = table[name].drop_nulls()
        different = values.n_unique()
        if not FEWEST <= different < len(values) or len(values) < len(table) / 2:
            continue
        if re.search(NAMES_A_CUSTOMER, name):
            found.append((0, different, name))
        elif re.search(NAMES_SOMETHING, name) and len(values) <= MOST_ROWS_EACH * different:
            found.append((1, different, name))
    return min(found)[2] if found else None


def customers_of(table: pl.DataFrame, column: str, target: str, path: Path) -> tuple[Customers, Reading]:
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
    reading = Reading(column, CUSTOMER, f"{number.n_unique():,} in {len(table):,} rows; not learnt from")
    return Customers((number - 1).to_numpy().astype(np.int64), f"each customer with all rows ({column})"), reading


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
