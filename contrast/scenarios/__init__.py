"""The scenarios. Each module says how a fault happens in real life, makes it happen, and judges the outcome.

A new file is found automatically. Its docstring is the story on the site.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from contrast.cell import Scenario


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by name, in the order of their NUMBER."""
    found = {module.name: import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)}
    ordered = sorted(found.items(), key=lambda item: int(item[1].NUMBER))
    return {name.replace("_", "-"): cast(Scenario, module) for name, module in ordered}
