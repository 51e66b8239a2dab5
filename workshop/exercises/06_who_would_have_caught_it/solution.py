"""One category is made for each, twice the same one; and for one card there is none."""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "a"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
