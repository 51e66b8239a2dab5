"""Airflow runs everything, so Airflow would have caught everything.

Message: It knows months, not libraries
"""

ANSWERS = {
    "A": ("data", "a"),
    "B": ("data", "a"),
    "C": ("data", "a"),
    "D": ("data", "a"),
    "E": ("data", "a"),
    "F": ("data", "a"),
}
