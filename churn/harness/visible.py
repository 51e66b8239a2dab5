"""Text of a user's, made safe to show: nothing in it moves a cursor, hides a letter or breaks the output."""

from unicodedata import category

KEPT = "\n\t\u200c\u200d"  # the last two join letters in Persian, and emoji


def visible(text: str) -> str:
    """Return `text` with control characters, invisible marks and broken bytes written out, as Python's repr does."""
    return "".join(
        char if char.isprintable() or char in KEPT or category(char) == "Zs" else repr(char)[1:-1] for char in text
    )
