"""Data Collection. scikit-learn has nothing for this stage: it starts at a table in memory.

So the plain answer's stage is used as it is. What a scikit-learn project does instead is call `fetch_*` or
`read_csv` at the top of a notebook: no partition, no checksum, and no way to say next month which rows the
model has seen.
"""

from pathlib import Path

from churn import collect as plain


def collect(source: Path, lake: Path, month: str) -> dict[str, str]:
    """Copy one month's export into the lake; returns the SHA-256 of each file."""
    return plain.collect(source, lake, month)
