"""Measure the simulation: a small world of one year and a large world of one month."""

from pathlib import Path

from benchmarks.measure import Measured, measured

SMALL = (10_000, 12)  # customers, months


def generate(folder: Path, customers: int) -> dict[str, Measured]:
    """Return the figures by description, and leave the large world's exports in `folder`/large."""
    small, months = SMALL
    return {
        f"generate {small:,} customers × {months} months": measured(
            "generate", str(folder / "small" / "source"), str(small), str(months)
        ),
        f"generate {customers:,} customers × 1 month": measured(
            "generate", str(folder / "large" / "source"), str(customers), "1"
        ),
    }
