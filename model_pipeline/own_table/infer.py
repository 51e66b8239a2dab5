"""Find the kind of each column by its values: numbers, dates, categories, ids, constants. Names help to find ids."""

from pathlib import Path

import polars as pl

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns

YES = ["yes", "y", "true", "t", "1", "1.0", "churn", "churned", "left", "lost", "cancelled", "canceled", "positive"]
DATE_FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y"]
TIME_FORMATS = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M"]
ID_NAME = r"(?i:(^|[_ .-])(id|uuid|guid|key|nr|no|number|index|row|phone|email)$|^column \d+$)|[a-z]I[dD]$"
UNIQUE_SHARE = 0.9  # of a text column's values; above it, each value names one row and cannot help with the next
FEWEST_VALUES_OF_AN_ID = 20


def two_outcomes(outcome: pl.Series, path: Path, notes: list[str]) -> tuple[str, str]:
    """Return the outcome to predict (a word for yes, else the rarer one), and the other one.

    Raises BadInput if there are not exactly two.
    """
    counts = dict(outcome.value_counts().sort("count", outcome.name, descending=[True, False]).iter_rows())
    if len(counts) != 2:
        found = ", ".join(list(counts)[:5]) + (", …" if len(counts) > 5 else "")
        kind = "one outcome only" if len(counts) == 1 else f"{len(counts)} different values"
        raise BadInput(
            f"{path}: {outcome.name} must hold two outcomes, such as yes and no; "
            + (f"it holds {kind} ({found})" if counts else "it is blank")
        )
    words_for_yes = [word for word in counts if word.lower() in YES]
    positive = words_for_yes[0] if len(words_for_yes) == 1 else list(counts)[-1]
    negative = next(word for word in counts if word != positive)
    why = "a word for yes" if len(words_for_yes) == 1 else "the rarer one"
    notes.append(
        f"'{positive}' in {outcome.name} is what is predicted ({why}): {counts[positive] / len(outcome):.1%} of rows"
    )
    return positive, negative


def columns_of(table: pl.DataFrame, inputs: list[str], path: Path, notes: list[str]) -> Columns:
    """Sort the columns `inputs` by kind, and note which are dropped and why. Raises BadInput if none is left."""
    numeric: list[str] = []
    categorical: list[str] = []
    dates: dict[str, str] = {}
    constant: list[str] = []
    ids: list[str] = []
    for name in inputs:
        values = table[name].drop_nulls()
        if table[name].n_unique() == 1:
            constant.append(name)
        elif (numbers := numbers_in(values)) is not None:
            (ids if _counts_rows(name, numbers) else numeric).append(name)
        elif form := date_format(values):
            dates[name] = form
        else:
            (ids if _names_rows(values) else categorical).append(name)
    for names, why in ((constant, "the same in every row"), (ids, "different in every row, like an id")):
        if names:
            notes.append(f"dropped, {why}: {', '.join(names)}")
    if dates:
        notes.append("dates: " + ", ".join(f"{name} (read as {form})" for name, form in dates.items()))
    if not (numeric or dates or categorical):
        raise BadInput(f"{path}: no column is left to learn from ({'; '.join(notes)})")
    if blank := [name for name in [*numeric, *dates, *categorical] if table[name].has_nulls()]:
        notes.append("blank in some rows, kept as 'unknown': " + ", ".join(blank))
    return Columns(numeric, categorical, dates)


def numbers_in(values: pl.Series) -> pl.Series | None:
    """Return the values as numbers, or None if one of them is not a finite number."""
    numbers = values.cast(pl.Float64, strict=False)
    return None if numbers.has_nulls() or not numbers.is_finite().all() else numbers


def date_format(values: pl.Series) -> str | None:
    """Return the first format that reads all values. Where two would do, the day comes before the month."""
    formats = [*DATE_FORMATS, *TIME_FORMATS]
    return next((form for form in formats if _reads_all(values.head(20), form) and _reads_all(values, form)), None)


def _reads_all(values: pl.Series, form: str) -> bool:
    try:
        return not values.str.to_datetime(form, strict=False).has_nulls()
    except pl.exceptions.PolarsError:
        return False


def _counts_rows(name: str, numbers: pl.Series) -> bool:
    """Return whether these are distinct whole numbers that count up by one, or whose column is named like an id."""
    if numbers.n_unique() < len(numbers) or len(numbers) < FEWEST_VALUES_OF_AN_ID or (numbers != numbers.round()).any():
        return False
    return bool((numbers.diff().drop_nulls() == 1).all()) or bool(pl.Series([name]).str.contains(ID_NAME).item())


def _names_rows(values: pl.Series) -> bool:
    return len(values) >= FEWEST_VALUES_OF_AN_ID and values.n_unique() > UNIQUE_SHARE * len(values)
