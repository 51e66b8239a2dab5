"""Right category; believes that the tool knows what is right.

Is told: Airflow checks no data
"""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "b"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
