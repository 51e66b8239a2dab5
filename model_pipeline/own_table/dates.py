"""Read dates in the forms that programs and people write, with or without a time of day and a time zone.

A form is written as for strptime, such as %d.%m.%Y. Days and months may lack their zero; a year has all its digits.
"""

import re
from collections.abc import Sequence
from functools import cache

import polars as pl

FORMS = [
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y", "%m.%d.%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y/%m/%d"),
    *("%d %b %Y", "%d-%b-%Y", "%d. %b %Y", "%b %d, %Y", "%b %d %Y", "%a, %d %b %Y", "%d-%b-%y", "%d %b %y"),
    *("%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%m-%Y", "%b %Y", "%b-%Y", "%b-%y", "%b %y", "%Y %b"),
]
PARTS = {  # patterns that Python and Polars read alike; Polars compiles \d, with all the world's digits, very slowly
    "%Y": r"(?P<Y>[12][0-9]{3})",
    "%y": r"(?P<y>[0-9]{2})",
    "%m": r"(?P<m>[0-9]{1,2})",
    "%d": r"(?P<d>[0-9]{1,2})",
    "%b": r"(?P<b>[^\W\d_]+)\.?",
    "%a": r"[^\W\d_]+\.?",
}
TIME = (
    r"(?:[T ,]\s*(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,][0-9]+)?)?\s*(?P<half>[AaPp])?"
    r"(?:\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
PIVOT = 69  # as in POSIX: of two-digit years, 69 to 99 are 1969 to 1999, and 00 to 68 are 2000 to 2068
MONTHS = [  # the first three letters, lower case: English, German, French, Spanish, Italian, Portuguese, Dutch
    *("jan ene gen", "feb fév fev", "mar mär mrz maa mrt", "apr avr abr", "may mai mei mag", "jun giu"),
    *("jul lug", "aug aoû aou ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic"),
]
MONTH = {name: number for number, names in enumerate(MONTHS, start=1) for name in names.split()}


def read_dates(values: pl.Series, form: str) -> pl.Series:
    """Return the times in UTC, in milliseconds since 1970 as Datetime; null where a value is not written in `form`."""
    part = values.str.extract_groups(_pattern(form).pattern).struct.unnest()

    def number(name: str, default: int) -> pl.Expr:
        return pl.col(name).cast(pl.Int32).fill_null(default) if name in part.columns else pl.lit(default)

    if "%y" in form:
        year = pl.col("y").cast(pl.Int32)
        year += pl.when(year >= PIVOT).then(1900).otherwise(2000)
    else:
        year = pl.col("Y").cast(pl.Int32)
    month = number("m", 1)
    if "%b" in form:
        name = pl.col("b").str.to_lowercase().str.replace("^jui(n|l).*", "ju${1}").str.slice(0, 3)
        month = name.replace_strict(MONTH, default=None, return_dtype=pl.Int32)
    half = pl.col("half").str.to_lowercase()
    hour = pl.when(half.is_not_null()).then(number("H", 0) % 12).otherwise(number("H", 0))
    hour = hour + pl.when(half == "p").then(12).otherwise(0)
    zone = pl.col("zone").str.extract_groups(r"^(?<sign>[+-])(?<h>\d\d):?(?<m>\d\d)?$").struct
    minutes = zone.field("h").cast(pl.Int32) * 60 + zone.field("m").cast(pl.Int32).fill_null(0)
    east = (pl.when(zone.field("sign") == "-").then(-minutes).otherwise(minutes)).fill_null(0)
    fields = [year, month, number("d", 1), hour, number("M", 0), number("S", 0)]
    text = pl.format("{}-{}-{} {}:{}:{}", *(field.cast(pl.String).str.zfill(2) for field in fields))
    time = text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False) - pl.duration(minutes=east)
    return part.select(time.alias(values.name)).to_series()


def date_form(values: pl.Series) -> tuple[str | None, list[str]]:
    """Return the form that reads most values (null for none of them), and the other forms that read as many.

    Where two would do, the day comes before the month.
    """
    some = values.head(200).to_list()
    counts = {form: sum(map(bool, map(_pattern(form).match, some))) for form in FORMS}
    likely = [form for form, count in counts.items() if count > 0 and count == max(counts.values())]
    read = {form: len(values) - read_dates(values, form).null_count() for form in likely}
    best = [form for form, count in read.items() if count > 0 and count == max(read.values())]
    return (best[0], best[1:]) if best else (None, [])


def about_form(form: str, others: Sequence[str]) -> str:
    """Return what a person should know about a form when `others` would read the column as well."""
    doubt = f"look out: {others[0]} would do as well" if others else ""
    century = f"years {PIVOT} to 99 are 19.., others 20.." if "%y" in form else ""
    return "; ".join(filter(None, (doubt, century)))


def is_form(text: str) -> bool:
    """Return whether `read_dates` can read this form: it has a year, once, and no part that is unknown here."""
    parts = re.findall("%.?", text)
    return set(parts) <= set(PARTS) and len(parts) == len(set(parts)) and len({"%Y", "%y"} & set(parts)) == 1


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pattern = re.sub(r"%\w", lambda part: PARTS[part.group()], re.escape(form).replace(r"\ ", r"\s+"))
    return re.compile(f"^{pattern}{TIME}$")
