"""Read numbers as programs and people write them: 1,234.50 and 1.234,50, € 12, 12 %, (12), 12-, 1e3.

A cell such as 1,234 can mean two numbers. Its column decides which, then the other columns, then the caller.
"""

from collections.abc import Collection, Mapping

import polars as pl

CURRENCIES = "EUR|USD|GBP|CHF|JPY|CNY|INR|BRL|MXN|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|TRY|ZAR"
NUMBER = (  # [0-9] and not \d, which also has the digits of other scripts, and takes Polars long to compile
    rf"^(?<sign>[+-]?)\s*(?<before>(?:[A-Za-z]{{0,3}}\p{{Sc}}|{CURRENCIES}|Rs\.?|kr\.?|Fr\.?)?)\s*(?<sign2>[+-]?)\s*"
    r"(?<digits>[0-9](?:[0-9.,'’\s]*[0-9])?[.,]?|[.,][0-9]+)(?<power>(?:[eE][+-]?[0-9]+)?)"
    r"(?<after>(?:\s*[%‰]|\s*\p{Sc}|\s+\p{L}[\p{L}²³/]*\.?)?)(?<last>\s*-?)$"
)
INTEGER = "[0-9]+|[1-9][0-9]{0,2}(?: [0-9]{3})+"
WITH_POINT = (  # also 1,23,456
    rf"^(?:(?:{INTEGER}|[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}})(?:\.[0-9]*)?|\.[0-9]+)$"
)
WITH_COMMA = rf"^(?:(?:{INTEGER}|[1-9][0-9]{{0,2}}(?:\.[0-9]{{3}})+)(?:,[0-9]*)?|,[0-9]+)$"
MARKS = {".": "point", ",": "comma"}
UNCLEAR = "can be read in two ways"
FEWEST_TO_TELL = 20  # values such as 2,847: if they had decimals, some would end in 0 and be written shorter


def numbers_in(values: pl.Series) -> pl.DataFrame:
    """Return the number that each value is with a decimal point, and the one with a decimal comma; null for neither.

    The columns are `point`, `comma`, `digits` (as written) and `unit` (such as €, % or kg, empty for none).
    """
    text = pl.col("text").str.replace_all("[−–]", "-").str.replace(r"[.,]\s*-{1,2}$", "")  # a Swiss price: 12.-
    groups = text.str.replace(r"^\((.*[0-9].*)\)$", "-$1").str.extract_groups(NUMBER)
    digits = pl.col("digits").str.replace_all(r"['’\s]", " ")
    sign = pl.when(pl.concat_str("sign", "sign2", "last").str.contains("-", literal=True)).then(-1.0).otherwise(1.0)

    def number(written: str, plain: pl.Expr) -> pl.Expr:
        read = pl.when(digits.str.contains(written)).then(plain + pl.col("power")).cast(pl.Float64, strict=False)
        return pl.when(read.is_finite()).then(read * sign)

    read = values.alias("text").to_frame().select(groups).unnest("text")
    read = read.select(
        point=number(WITH_POINT, digits.str.replace_all("[, ]", "")),
        comma=number(WITH_COMMA, digits.str.replace_all("[. ]", "").str.replace(",", ".", literal=True)),
        digits=digits,
        unit=pl.concat_str("before", "after").str.strip_chars(),
        word=pl.col("after").str.extract(r"(\p{L}.*)"),
    )
    is_number = pl.any_horizontal(pl.col("point", "comma").is_not_null())
    return read.select(pl.when(is_number & _has_the_usual_word(read)).then(pl.exclude("word")))


def _has_the_usual_word(read: pl.DataFrame) -> pl.Expr:
    """Take 12 kg for a number if most of the column is in kg. In 12 A, 7 B and 9, the letters are part of a code."""
    words = read["word"].drop_nulls().value_counts(sort=True)
    often = len(words) > 0 and 2 * words["count"][0] >= read["digits"].count()
    return pl.col("word").is_null() | (pl.col("word") == (words["word"][0] if often else ""))


def decimal_marks(
    columns: Mapping[str, pl.DataFrame], otherwise: Mapping[str, str], fixed: Collection[str] = ()
) -> dict[str, tuple[str, str]]:
    """Return the decimal mark of each column, and why; no reason if the column has no mark to read.

    `columns` maps a name to a result of `numbers_in`. `otherwise` has the mark for a column that neither shows its own
    nor is told it by the other columns; columns in `fixed` always have that one.
    """
    usual = {name: otherwise.get(name, ".") for name in columns}
    own = {name: _own_mark(read, usual[name]) for name, read in columns.items()}
    told = {mark for mark, _ in own.values() if mark}

    def mark(name: str) -> tuple[str, str]:
        shown, why = own[name]
        if name in fixed or not why:
            return usual[name], ""
        if shown:
            return shown, why
        return (min(told), f"{why}, as in other columns") if len(told) == 1 else (usual[name], f"{why} {UNCLEAR}")

    return {name: mark(name) for name in columns}


def with_mark(read: pl.DataFrame, mark: str) -> pl.Series:
    """Return the numbers with this decimal mark. A number that can only have the other one has that."""
    order = ("comma", "point") if mark == "," else ("point", "comma")
    return read.select(pl.coalesce(order)).to_series()


def _own_mark(read: pl.DataFrame, usual: str) -> tuple[str, str]:
    """Return the mark that the column shows, and why; an empty mark and an example if it cannot tell."""
    point = read.filter(pl.col("point").is_not_null() & pl.col("comma").is_null())["digits"]
    comma = read.filter(pl.col("comma").is_not_null() & pl.col("point").is_null())["digits"]
    if len(point) != len(comma):
        mark, example = (".", point[0]) if len(point) > len(comma) else (",", comma[0])
        return mark, f"such as {example}"
    unclear = read.filter(pl.col("point") != pl.col("comma"))["digits"]
    if unclear.is_empty():
        return "", ""
    marks = {mark for mark in ".," if unclear.str.contains(mark, literal=True).any()}
    plain = read.filter(pl.col("digits").str.contains("^[0-9]+$"))
    small = len(plain) > 0 and plain["point"].max() < 1000  # type: ignore[operator] # numbers
    if len(marks) == 1 and small and unclear.n_unique() >= FEWEST_TO_TELL and marks != {"."} & {usual}:
        return (marks ^ {".", ","}).pop(), f"{unclear[0]} next to {plain['digits'][0]}"
    return "", unclear[0]
