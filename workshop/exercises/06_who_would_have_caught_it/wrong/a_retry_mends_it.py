"""Right category; believes in trying again.

Is told: no retry mends an export
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "c"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
