"""Find the kind of each column by its values: numbers, dates, categories, ids, constants. Names help to find ids."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from churn.harness.errors import BadInput
from model_pipeline.own_table.columns import Columns, Reading
from model_pipeline.own_table.customers import CUSTOMER, NAMES_SOMETHING
from model_pipeline.own_table.dates import about_form, date_form, is_form, read_dates
from model_pipeline.own_table.numbers import MARKS, UNCLEAR, decimal_marks, numbers_in, with_mark
from model_pipeline.own_table.read_csv import column_name, nearest
from model_pipeline.own_table.typed import means_unknown

WORDS_FOR_YES = {
    *("yes", "y", "true", "true.", "t", "1", "1.0", "positive", "churn", "churned", "churner", "left", "lost"),
    *("exited", "attrited", "cancelled", "canceled", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "verdadero", "sim"),
    *("verdadeiro", "vero", "tak", "prawda", "ano", "kyllä", "evet", "igen", "da", "да", "はい", "是"),
}
ZERO = {"0", "0.0", "-1", "-1.0"}  # what 1 is the opposite of
ID_NAME = rf"{NAMES_SOMETHING}|(?i:(^|[_ .-])(nr|no|number|index|row)$|^column \d+$)"
UNIQUE_SHARE = 0.9  # of a text column's values; above it, each value names one row and cannot help with the next
FEWEST_VALUES_OF_AN_ID = 20
FEWEST_NUMBERS = 10  # different ones, before an unlisted word means unknown: 0, 1, 2 and 3+ are four categories
MOST_WORDS = 0.1  # of the values in a column of numbers or dates
MOST_OF_A_FEW_WORDS = 0.5  # the same, if there are at most three different ones
MOST_NAMED = 3  # words of a column
LONGEST_SHOWN = 16  # of such a word
LIKE_AN_ID = "different in every row, like an id"
DECIMAL = {"decimal comma": ",", "decimal point": "."}
KINDS = ("number", *DECIMAL, "category", CUSTOMER, "drop")


def two_outcomes(outcome: pl.Series, blank: int, path: Path, notes: list[str]) -> tuple[str, str]:
    """Return the outcome to predict (a word for yes, else the rarer one), and the other one.

    `blank` is the number of rows without an outcome. Raises BadInput if there are not exactly two.
    """
    counts = counted(outcome)
    if len(counts) != 2:
        found = ", ".join(f"{word} ({count:,} row{'s' * (count != 1)})" for word, count in list(counts.items())[:5])
        kind = "one outcome only" if len(counts) == 1 else f"{len(counts)} different values"
        hint = f", and {blank:,} rows are blank: if blank means the other outcome, write its name there"
        raise BadInput(
            f"{path}: {outcome.name} must hold two outcomes, such as yes and no; "
            + (f"it holds {kind}: {found}{', …' if len(counts) > 5 else ''}" if counts else "it is blank")
            + (hint if len(counts) == 1 and blank else "")
        )
    positive, why = list(counts)[-1], "the rarer one"
    words_for_yes = [word for word in counts if word.lower() in WORDS_FOR_YES]
    if len(words_for_yes) == 1 and (words_for_yes[0] not in ("1", "1.0") or ZERO & set(counts)):  # 1 and 2 are codes
        positive, why = words_for_yes[0], "a word for yes"
    negative = next(word for word in counts if word != positive)
    share = counts[positive] / len(outcome)
    notes.append(f"'{positive}' in {outcome.name} is what is predicted ({why}): {share:.1%} of rows")
    return positive, negative


def columns_of(
    table: pl.DataFrame, inputs: Sequence[str], wanted: Mapping[str, str], usual: str = "."
) -> tuple[Columns, list[Reading]]:
    """Find the kind of the columns `inputs`, and say why.

    `wanted` has the kinds that the user chose, and `usual` is the decimal mark where no column shows one.
    """
    kinds = {name: _kind(table[name], wanted.get(name, "")) for name in inputs}
    numbers = {name: kind for name, kind in kinds.items() if isinstance(kind, pl.DataFrame)}
    chosen = {name: DECIMAL[wanted[name]] for name in numbers if wanted.get(name) in DECIMAL}
    marks = decimal_marks(numbers, {name: chosen.get(name, usual) for name in numbers}, chosen)
    sure = {forms[0] for forms in kinds.values() if isinstance(forms, list) and len(forms) == 1}
    columns, readings = Columns([], [], fixed=list(chosen)), []
    for name, kind in kinds.items():
        if isinstance(kind, pl.DataFrame):
            reading = _number(table[name], kind, *marks[name], columns, wanted)
        elif isinstance(kind, list):
            reading = _date(table[name], kind, sure, columns)
        elif kind:
            reading = Reading(name, "dropped", kind)
        else:
            columns.categorical.append(name)
            blank = table[name].filter(table[name].is_null())
            reading = Reading(name, "categories", _words(table[name]), _unknown(blank, columns))
        readings.append(reading)
    return columns, readings


def _kind(column: pl.Series, wanted: str) -> pl.DataFrame | list[str] | str:
    """Return the numbers in the column, the forms that its dates may have, or why it is dropped; "" for categories."""
    if wanted in ("drop", "category"):
        return "you said so" if wanted == "drop" else ""
    if "%" in wanted:
        return [wanted]
    numbers = numbers_in(column)
    if wanted or (_nearly_all(column, numbers["digits"].is_not_null()) and not _are_codes(column)):
        return numbers
    values = column.drop_nulls()
    form, others = date_form(values)
    if form and _nearly_all(values, read_dates(values, form).is_not_null()):
        return [form, *others]
    if len(values) < FEWEST_VALUES_OF_AN_ID or values.n_unique() <= UNIQUE_SHARE * len(values):
        return ""
    # Half of the numbers are better than no column: 207.2 and [209].
    return numbers if 2 * numbers["digits"].count() > len(values) else LIKE_AN_ID


def _nearly_all(values: pl.Series, readable: pl.Series) -> bool:
    """Return whether the column can be read, but for usual words for unknown and a few others."""
    words = values.filter(~readable & ~means_unknown(values))
    if words.is_empty():
        return bool(readable.any())
    most = MOST_OF_A_FEW_WORDS if words.n_unique() <= 3 else MOST_WORDS
    enough = values.filter(readable).n_unique() >= FEWEST_NUMBERS
    return enough and len(words) <= most * (int(readable.sum()) + len(words))


def _number(
    column: pl.Series, read: pl.DataFrame, mark: str, why: str, columns: Columns, wanted: Mapping[str, str]
) -> Reading:
    name, numbers = column.name, with_mark(read, mark)
    if name not in wanted and _counts_rows(name, numbers):
        return Reading(name, "dropped", LIKE_AN_ID)
    columns.numeric.append(name)
    columns.decimal[name] = mark
    told = [_in_words(mark, why)] if why and ("," in mark + why or UNCLEAR in why) else []
    units = read["unit"].drop_nulls().unique().sort().to_list()
    if len(units) == 1:
        columns.unit[name] = units[0]
        told += [f"in {unit}" for unit in units if unit]
    elif units:
        told.append("look out: " + ", ".join(f"some with {unit}" if unit else "some without" for unit in units[::-1]))
    return Reading(name, "numbers", "; ".join(told), _unknown(column.filter(numbers.is_null()), columns))


def _in_words(mark: str, why: str) -> str:
    """Return how marks were read: as decimals, or as thousands where the reason shows only that mark."""
    other = "," if mark == "." else "."
    thousands = mark not in why and other in why
    return f"{MARKS[other]} for thousands, {why}" if thousands else f"decimal {MARKS[mark]}, {why}"


def _date(column: pl.Series, forms: list[str], sure: set[str], columns: Columns) -> Reading:
    form = next((form for form in forms if form in sure), forms[0])
    columns.dates[column.name] = form
    why = about_form(form, [] if form in sure else [other for other in forms if other != form])
    unread = column.filter(read_dates(column, form).is_null())
    return Reading(column.name, f"dates, {form}", why, _unknown(unread, columns))


def _unknown(values: pl.Series, columns: Columns) -> str:
    """Note which of these values are words that mean unknown, and return how many there are of each."""
    words = values.drop_nulls()
    if unlisted := words.filter(~means_unknown(words)).unique().sort().to_list():
        columns.unknown[values.name] = unlisted
    blank = [f"{values.null_count():,} blank"] if values.has_nulls() else []
    named = [f"{count:,} '{_shortened(word)}'" for word, count in counted(words).items()]
    return ", ".join([*blank, *named[:MOST_NAMED], *["…"] * (len(named) > MOST_NAMED)])


def _words(column: pl.Series) -> str:
    """Return the commonest words of a column. Those with a comma are in quotes: New York, NY is one."""
    words = [f"'{word}'" if "," in word else word for word in map(_shortened, counted(column.drop_nulls()))]
    if len(words) <= MOST_NAMED:
        return f"words: {', '.join(words)}"
    return f"{words[0]}, {words[1]} and {len(words) - 2:,} other words"


def _shortened(word: str) -> str:
    return word if len(word) <= LONGEST_SHOWN else f"{word[: LONGEST_SHOWN - 1]}…"


def counted(values: pl.Series) -> dict[str, int]:
    """Return how often each word occurs, the commonest first."""
    counts = values.alias("word").value_counts(name="count").sort("count", "word", descending=[True, False])
    return dict(counts.iter_rows())


def _are_codes(values: pl.Series) -> bool:
    """Return whether these are codes of digits, all of one length, such as the postcode 01234."""
    digits = values.filter(values.str.contains(r"^\d{2,}$"))
    return bool(digits.str.contains("^0").any()) and digits.str.len_chars().n_unique() == 1


def _counts_rows(name: str, numbers: pl.Series) -> bool:
    """Return whether these are distinct whole numbers that count up by one, or whose column is named like an id."""
    numbers = numbers.drop_nulls()
    if numbers.n_unique() < len(numbers) or len(numbers) < FEWEST_VALUES_OF_AN_ID or (numbers != numbers.round()).any():
        return False
    return bool((numbers.diff().drop_nulls() == 1).all()) or re.search(ID_NAME, name) is not None


def kinds_wanted(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return the kinds that a user chose, by column: "zip=category; joined=%d.%m.%y". Raises BadInput if unreadable."""
    chosen = {}
    for part in filter(str.strip, text.split(";")):
        given, _, kind = part.rpartition("=")
        name, kind = column_name(given), kind.strip()
        if name not in names:
            raise BadInput(f"READ={part.strip()}: there is no column {name}: did you mean {nearest(name, names)}?")
        if kind not in KINDS and not is_form(kind):
            raise BadInput(f"READ={part.strip()}: a column can be {', '.join(KINDS)}, or a date such as %d.%m.%Y")
        chosen[name] = kind
    if list(chosen.values()).count(CUSTOMER) > 1:
        raise BadInput(f"READ={text.strip()}: one column can be the customer")
    return chosen
