"""The way back, past versions that are gone."""

from collections.abc import Iterable

from mlflow.entities.model_registry import ModelVersion

from churn.harness.errors import BadInput
from tracking_pipeline.registry import load_version, model_name, registered_versions


def newest_that_opens(numbers: Iterable[str]) -> tuple[ModelVersion, str]:
    """Return the last of these versions that can be opened, and why the ones after it are passed over.

    Raises BadInput if none of them can be opened.
    """
    registered, gone = registered_versions(), []
    for number in dict.fromkeys(reversed([*numbers])):
        if number not in registered:
            gone.append(f"version {number} was deleted")
            continue
        try:
            load_version(registered[number])
        except BadInput as error:
            gone.append(str(error))
        else:
            return registered[number], f"{'; '.join(gone)}: " if gone else ""
    reasons = "; ".join(gone) or "none was live before"
    force = f"python -m tracking_pipeline force --version N makes one of {', '.join(registered)} live"
    way_out = force if registered else "make demo-tracking trains one"
    raise BadInput(f"{model_name()} has no version to go back to ({reasons}): {way_out}")
