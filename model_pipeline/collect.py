"""Data Collection. scikit-learn has nothing for this stage: it starts at a table in memory.

This stage therefore calls the plain answer and adds nothing. A typical scikit-learn project calls `fetch_*` or
`read_csv` at the top of a notebook. It has no partitions and no checksums, and next month it cannot say which rows the
model has seen.
"""

from pathlib import Path

from churn import collect as plain


def collect(source: Path, lake: Path, month: str) -> dict[str, str]:
    """Copy one month's export into the lake. Return the SHA-256 of each file."""
    return plain.collect(source, lake, month)
