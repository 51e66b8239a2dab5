"""The simulation for the contrast: as small as the pipelines allow. Faults happen in the last of its four months."""

from pathlib import Path

from churn.simulator.exports import export, unfinished
from churn.simulator.world import World

WORLD = World(customers=600, months=4)
MONTHS = WORLD.all_months()
LAST, NEWEST = MONTHS[-2:]  # live when a scenario begins; about to run


def exports(folder: Path) -> Path:
    """Return the folder of the operator's clean exports, and create them if they are missing."""
    source = folder / "world" / WORLD.name / "source"
    if missing := unfinished(source, MONTHS):
        export(WORLD, source, missing)
    return source
