"""Right category; believes that a registry judges models.

Is told: moves an alias to where it is told
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "a"),
    "C": ("model", "b"),
    "D": ("tracking", "a"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
