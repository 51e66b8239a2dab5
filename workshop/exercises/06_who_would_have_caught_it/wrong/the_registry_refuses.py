"""Chooses the right category, but believes that a registry judges models.

Message: moves an alias wherever you tell it to
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "a"),
    "C": ("model", "b"),
    "D": ("tracking", "a"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
