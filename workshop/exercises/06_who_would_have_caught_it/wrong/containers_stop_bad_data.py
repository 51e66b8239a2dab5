"""A container always gives the same result, so bad data cannot spoil it.

Message: dependencies are frozen, data is not
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("workflow", "a"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
