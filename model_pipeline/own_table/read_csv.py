"""Read any CSV, with the separators, quotes and encodings that programs write. Every value stays the text it is.

Training decides once what the text *means* (number, date, category), and the decision travels with the model. A few
customers to score cannot decide it: their values may all happen to be blank or round.
"""

import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias

import polars as pl

from churn.harness.errors import BadInput

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
LARGEST = 250_000_000  # bytes of text; in memory, the table takes several times as much
SAMPLE = 200_000  # characters that show how a file is written
ROWS_OF_SAMPLE = 300
ROWS_AT_A_TIME = 50_000
ESCAPED_QUOTE = r'(?<!\\)((?:\\\\)*)\\"'
BINARIES = {
    b"PK": "an Excel workbook or a zip archive",
    b"\xd0\xcf": "an old Excel workbook",
    b"PAR1": "a Parquet file",
}
CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f"))

Record: TypeAlias = tuple[int, list[str]]  # the number of its last line, and its values


class Csv(NamedTuple):
    """A table in which every value is text, null where there is none, and notes on how the file is written."""

    table: pl.DataFrame
    notes: list[str]
    separator: str


class Dialect(NamedTuple):
    """How a file is written. `escapes`: a quote inside of quotes has a backslash in front, as MySQL writes it."""

    separator: str
    quote: str
    escapes: bool

    def records(self, text: str) -> Iterator[Record]:
        """Yield each record that is not blank. Raises BadInput for an open quote."""
        if self.escapes:  # any other backslash is left, such as the one of \\N
            text = re.sub(ESCAPED_QUOTE, r'\1""', text)
        spaced = re.search(rf"{re.escape(self.separator)} +{self.quote}", text[:SAMPLE]) is not None
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=self.separator, quotechar=self.quote, skipinitialspace=spaced
        )
        try:
            for values in reader:
                if any(map(str.strip, values)):
                    yield reader.line_num, values
        except csv.Error as error:
            raise BadInput(f"line {reader.line_num}: {error}: is a quote left open?") from error


def read_csv(path: Path) -> Csv:
    """Read the file. Raises BadInput with one sentence if it is no table, or larger than LARGEST."""
    text, notes = _decoded(path)
    given = re.match(r'\s*"?sep=(.)"?[^\S\n]*(\n|$)', text)  # a first line that some programs write for Excel
    text = text[given.end() :] if given else text
    if not text.strip():
        raise BadInput(f"{path} is empty")
    dialect = _dialect(text, given[1] if given else SEPARATORS, path)
    if dialect.separator != ",":
        notes.append(f"separated by {SEPARATORS.get(dialect.separator, dialect.separator)}s")
    try:
        header, rows = _header_and_rows(dialect.records(text), notes)
        chunks = []
        while chunk := list(islice(rows, ROWS_AT_A_TIME)):  # lists of short texts take much more memory than a table
            chunks.append(pl.DataFrame(chunk, schema=dict.fromkeys(header, pl.String), orient="row"))
    except BadInput as error:
        raise BadInput(f"{path}, {error}") from error
    if not chunks:
        raise BadInput(f"{path} has a header and no rows: there is nothing to learn from")
    table = pl.concat(chunks)
    return Csv(table.with_columns(pl.when(pl.all() != "").then(pl.all())), notes, dialect.separator)


def _decoded(path: Path) -> tuple[str, list[str]]:
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name the CSV in it")
    if not path.is_file():
        raise BadInput(f"there is no file {path}")
    content = _unpacked(path)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace"), ["encoded as UTF-16"]
    start = content[:65536]
    if b"\x00" in start or len(start.translate(None, CONTROL)) < 0.99 * len(start):
        what = next((what for magic, what in BINARIES.items() if content.startswith(magic)), "a binary file")
        raise BadInput(f"{path} is {what}, not a CSV: save it as CSV (comma-separated text) first")
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        note = "not UTF-8: read as Windows-1252, check that names with accents look right"
        return content.decode("cp1252", errors="replace"), [note]


def _unpacked(path: Path) -> bytes:
    """Return the bytes of the file, unpacked if it is gzip, but never more of them than LARGEST."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            content = (gzip.GzipFile(fileobj=file) if zipped else file).read(LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadInput(f"{path} looks like gzip, and cannot be unpacked ({error})") from error
    if len(content) > LARGEST:
        unpacked = " unpacked" if zipped else ""
        raise BadInput(f"{path} has more than {LARGEST / 1e6:.0f} MB{unpacked}: take a random sample of its rows")
    return content


def _dialect(text: str, separators: Iterable[str], path: Path) -> Dialect:
    """Return the dialect in which most rows have the same number of values. Raises BadInput for one column only."""
    sample = text if len(text) <= SAMPLE else text[: text.rfind("\n", 0, SAMPLE)]
    quotes = "'\"" if sample.lstrip().startswith("'") else '"'
    escapes = (True, False) if '\\"' in sample else (False,)
    dialects = [Dialect(each, quote, escape) for escape in escapes for quote in quotes for each in separators]
    (score, _), best = max(((_rows_alike(dialect, sample), dialect) for dialect in dialects), key=itemgetter(0))
    if score == 0:
        first = next(line for line in text.splitlines() if line.strip())
        raise BadInput(
            f"{path} has one column only ({first.strip()[:40]!r}): "
            "a comma, semicolon, tab or bar was expected between columns"
        )
    return best


def _rows_alike(dialect: Dialect, sample: str) -> tuple[float, int]:
    """Return the largest share of rows that have the same number of values, and this number; 0 and 0 if it is 1."""
    try:
        widths = Counter(len(values) for _, values in islice(dialect.records(sample), ROWS_OF_SAMPLE))
    except BadInput:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda item: item[::-1], default=(0, 0))
    if width < 2:
        return 0.0, 0
    share = count / widths.total()
    return (share / 2 if dialect.separator == " " else share), width  # words have spaces between them, too


def _header_and_rows(records: Iterator[Record], notes: list[str]) -> tuple[list[str], Iterator[list[str]]]:
    """Return the names of the columns, and the rows, all of one width. Raises BadInput if a row has another width.

    Lines above the header are left out. If all rows have one value more than the header, R has written a row's name in
    front, or each row ends with a separator.
    """
    sample = list(islice(records, ROWS_OF_SAMPLE))
    if not sample:
        raise BadInput("line 1: there are separators and nothing between them")
    width = Counter(len(values) for _, values in sample).most_common(1)[0][0]
    above = 0
    while above + 1 < len(sample) and _is_a_title(sample[above][1], width):
        above += 1
    if above:
        notes.append(f"not read: {above} line{'s' * (above > 1)} above the header")
    header, sample = sample[above][1], sample[above + 1 :]
    while len(header) > width and not header[-1].strip():
        header.pop()
    if sample and len(header) == width - 1:
        if not any(values[-1].strip() for _, values in sample):
            notes.append("each row ends with a separator: not read as a column")
            return _names(header, notes), _rows(chain(sample, records), width, slice(width - 1))
        notes.append("the rows have one value more than the header: the first is read as a row's name, as R writes it")
        header = ["", *header]
    elif width != len(header) and not any(len(values) == len(header) for _, values in sample):
        raise BadInput(f"line 1: {len(header)} names above rows of {width} values: write a name above each column")
    return _names(header, notes), _rows(chain(sample, records), len(header), slice(None))


def _is_a_title(values: list[str], width: int) -> bool:
    """Return whether a record above the header is a title, or a comment: its values do not fill the table's width."""
    comment = values[0].lstrip().startswith("#") and len(values) != width
    return comment or (width > 2 and sum(bool(value.strip()) for value in values) == 1)


def _rows(records: Iterable[Record], width: int, wanted: slice) -> Iterator[list[str]]:
    for line, values in records:
        if len(values) != width:
            if values[0].lstrip().startswith("#"):
                continue
            raise BadInput(
                f"line {line}: {len(values)} value{'s' * (len(values) != 1)} under a header of {width}: "
                "fix the line, or put a text that holds separators in quotes"
            )
        yield values[wanted]


def _names(cells: list[str], notes: list[str]) -> list[str]:
    names = [column_name(cell) or f"column {number}" for number, cell in enumerate(cells, start=1)]
    if all(re.fullmatch(r"[+-]?[\d.,]+", name) for name in names):
        raise BadInput("the first line has only numbers: put a line with the names of the columns above it")
    if unnamed := [name for name, cell in zip(names, cells, strict=True) if not column_name(cell)]:
        notes.append(f"no name in the header: called {', '.join(unnamed)}")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadInput(f"line 1: two columns are named {', '.join(twice)}: rename one of each")
    return names


def column_name(cell: str) -> str:
    """Return the name on one line, without characters that only a terminal would act on.

    Polars takes the names * and ^…$ for patterns, so they get brackets.
    """
    name = " ".join("".join(map(_visible, cell)).split())
    return f"({name})" if re.fullmatch(r"\*|\^.*\$", name) else name


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the names that a person may have meant."""
    return " or ".join(get_close_matches(name, names, n=3, cutoff=0.4) or names[:8])


def _visible(character: str) -> str:
    """Return a space for a line break or a tab, and nothing for a control or format character."""
    return " " if character.isspace() else "" if unicodedata.category(character).startswith("C") else character
