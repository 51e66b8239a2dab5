"""The operator's file server: links to the simulated exports, and one month may be broken."""

import shutil
from pathlib import Path

from churn.harness.command import OperatorData
from churn.simulator.faults import break_export

FAULT = "seconds_for_minutes"


def deliver(data: OperatorData, place: Path, broken: str | None = None, fault: str = FAULT) -> None:
    """Link every month's export in `place`. The month to break is a copy."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for month in data.months:
        export = data.source.resolve() / f"month={month}"
        if month == broken:
            shutil.copytree(export, place / export.name)
        else:
            (place / export.name).symlink_to(export)
    if broken:
        break_export(place / f"month={broken}", fault)
