"""Chooses the right category, but believes in retries.

Message: no retry fixes an export
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "c"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
