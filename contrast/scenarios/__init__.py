"""What goes wrong. Each module is one scenario: how it happens in real life, how it is made to happen, how it is
judged. A new file is found by its place; its docstring's first paragraph is what the site tells.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from contrast.cell import Scenario


def scenarios() -> dict[str, Scenario]:
    """All of them, by name, in the order of their NUMBER."""
    found = {module.name: import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)}
    ordered = sorted(found.items(), key=lambda item: int(item[1].NUMBER))
    return {name.replace("_", "-"): cast(Scenario, module) for name, module in ordered}
