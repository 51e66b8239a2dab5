"""The world to simulate: how many customers, which months, which seed."""

from dataclasses import dataclass

from churn.harness.errors import BadInput
from churn.storage.months import add_months, month_range, parse_month

RULES = 1  # the version of the simulation: add 1 when a change makes it produce other data
FEWEST_CUSTOMERS = 500  # below this, a month may have no cancellation at all, and there is nothing to learn
MOST_CUSTOMERS = 100_000_000


@dataclass(frozen=True)
class World:
    """One simulated operator. The same four values always give the same bytes.

    Raises BadInput when a value cannot be simulated.
    """

    customers: int = 10_000
    first_month: str = "2025-01"
    months: int = 12
    seed: int = 7

    def __post_init__(self) -> None:
        parse_month(self.first_month)
        if not FEWEST_CUSTOMERS <= self.customers <= MOST_CUSTOMERS:
            raise BadInput(
                f"N={self.customers}: the world needs {FEWEST_CUSTOMERS:,} to {MOST_CUSTOMERS:,} customers, "
                "for example N=10000"
            )
        if self.months < 1:
            raise BadInput(f"{self.months} months: the world needs at least one")
        if self.seed < 0:
            raise BadInput(f"SEED={self.seed}: a seed is a whole number from 0 up")

    @property
    def last_month(self) -> str:
        return add_months(self.first_month, self.months - 1)

    def all_months(self) -> list[str]:
        return month_range(self.first_month, self.last_month)

    @property
    def name(self) -> str:
        """A folder name of this world's own. A new version of the simulation gives a new name."""
        return f"v{RULES}-n{self.customers}-{self.first_month}-m{self.months}-s{self.seed}"
