"""The simulated operator: a small world of a year, and a large one of one month, blocks side by side."""

from pathlib import Path

from benchmarks.measure import Measured, measured

SMALL = (10_000, 12)  # customers, months


def generate(folder: Path, customers: int) -> dict[str, Measured]:
    """Figures by what was done; leaves the large world's exports in `folder`/large."""
    small, months = SMALL
    return {
        f"generate {small:,} customers × {months} months": measured(
            "generate", str(folder / "small" / "source"), str(small), str(months)
        ),
        f"generate {customers:,} customers × 1 month": measured(
            "generate", str(folder / "large" / "source"), str(customers), "1"
        ),
    }
