"""Chooses the right category, but believes that the tool knows right from wrong data.

Message: Airflow checks no data
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "b"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
