"""Compare the features of one month with a bare scan and group of the same files, in one run on one machine."""

from pathlib import Path

from benchmarks.measure import Measured, measured


def process(folder: Path) -> dict[str, Measured]:
    """Return the figures by description, for the exports in `folder`/large."""
    lake = str(folder / "large" / "lake")
    return {
        "collect and validate 1 month": measured("take_in", str(folder / "large" / "source"), lake),
        "process 1 month": measured("make_features", lake),
        "bare scan and group of the five tables": measured("scan_and_group", lake),
        "bare scan and group of usage alone": measured("scan_and_group", lake, "usage"),
    }
