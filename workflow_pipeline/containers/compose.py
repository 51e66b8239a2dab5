"""Write the settings of compose.yaml: the images, the exports, the months, the folder to write to, and the user.

`make images` writes them to runs/compose/settings.env, for the default world.
"""

from pathlib import Path

from churn.simulator.world import World
from churn.storage.atomic import write_file
from workflow_pipeline.engine.mounts import user_of
from workflow_pipeline.images import ENVIRONMENT, image


def settings(source: Path, lake: Path, months: list[str]) -> dict[str, str]:
    """Return a value for each variable of compose.yaml. The steps run as the owner of `lake`, and never as root."""
    tags = {stage.upper(): image(stage).split(":")[1] for stage in ENVIRONMENT}
    return {
        **tags,
        "SOURCE": str(source.resolve()),
        "LAKE": str(lake.resolve()),
        "OWNER": user_of(lake),
        "MONTHS": " ".join(months),
    }


def write_settings(runs: Path) -> Path:
    """Write the settings to `runs`/compose/settings.env, and create the lake's folder. Return the file."""
    world, lake = World(), runs / "compose" / "lake"
    lake.mkdir(parents=True, exist_ok=True)
    values = settings(runs / "world" / world.name / "source", lake, world.all_months())
    file = runs / "compose" / "settings.env"
    write_file(file, "".join(f"{name}={value}\n" for name, value in values.items()))
    return file
