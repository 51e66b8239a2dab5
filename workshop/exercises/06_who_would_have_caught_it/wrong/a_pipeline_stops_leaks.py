"""A scikit-learn Pipeline stops leaks, so it stops this one.

Message: A column that knows the outcome trains
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "a"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("model", "a"),
    "F": ("data", "b"),
}
