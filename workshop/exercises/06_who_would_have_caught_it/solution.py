"""Each card has one category, except one card that no category covers. One category has two cards."""

ANSWERS = {
    "A": ("workflow", "c"),
    "B": ("data", "a"),
    "C": ("model", "b"),
    "D": ("tracking", "c"),
    "E": ("nobody", "a"),
    "F": ("data", "b"),
}
