"""What compose.yaml has to be told: which images, which exports and months, where to write, and as whom.

`make images` writes it to runs/compose/settings.env, for the default world.
"""

from pathlib import Path

from churn.simulator.world import World
from churn.storage.atomic import write_file
from workflow_pipeline.engine.runner import user_of
from workflow_pipeline.images import ENVIRONMENT, image


def settings(source: Path, lake: Path, months: list[str]) -> dict[str, str]:
    """A value for each variable of compose.yaml. The steps run as the owner of the folder `lake`, and never as root."""
    tags = {stage.upper(): image(stage).split(":")[1] for stage in ENVIRONMENT}
    return {
        **tags,
        "SOURCE": str(source.resolve()),
        "LAKE": str(lake.resolve()),
        "OWNER": user_of(lake),
        "MONTHS": " ".join(months),
    }


def write_settings(runs: Path) -> Path:
    """Write them, and make the folder for the lake; return the file."""
    world, lake = World(), runs / "compose" / "lake"
    lake.mkdir(parents=True, exist_ok=True)
    values = settings(runs / "world" / world.name / "source", lake, world.all_months())
    file = runs / "compose" / "settings.env"
    write_file(file, "".join(f"{name}={value}\n" for name, value in values.items()))
    return file
