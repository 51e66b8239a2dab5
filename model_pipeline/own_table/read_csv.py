"""Read any CSV, with the separators, encodings and blanks that programs write. Every value stays text here.

Training decides once what the text *means* (number, date, category), and the decision travels with the model. A few
customers to score cannot decide it: their values may all happen to be blank or round.
"""

import csv
import gzip
import io
import re
from collections import Counter
from pathlib import Path

import polars as pl

from churn.harness.errors import BadInput

BLANKS = ["", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "none", "?"]
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
DECIMAL_COMMA = r"^[+-]?\d+(,\d+)?$"
THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})*(\.\d+)?$"
KNOWN_BINARIES = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89PNG": "a picture",
    b"SQLite f": "a SQLite database",
}


def read_csv(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Return the table (all text, null where blank), and notes on what was found. Raises BadInput with one sentence."""
    text, notes = _decoded(path)
    text = re.sub(r"\A\s*sep=.\r?\n", "", text)  # a first line that some programs write for Excel
    if not text.strip():
        raise BadInput(f"{path} is empty")
    separator = _separator(text, path)
    if separator != ",":
        notes.append(f"separated by {SEPARATORS[separator]}s")
    lines = _rows(text, separator, path)
    if not lines:
        raise BadInput(f"{path} holds separators and nothing between them")
    first, *rows = lines
    header = _header(first, path, notes)
    if not rows:
        raise BadInput(f"{path} has a header and no rows: there is nothing to learn from")
    table = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    table = table.with_columns(pl.all().str.strip_chars())
    table = table.with_columns(pl.when(~pl.all().is_in(BLANKS)).then(pl.all()))
    return _with_plain_numbers(table, separator), notes


def _decoded(path: Path) -> tuple[str, list[str]]:
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name the CSV in it")
    if not path.is_file():
        raise BadInput(f"there is no file {path}")
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise BadInput(f"{path} looks like gzip, and cannot be unpacked ({error})") from error
    if not content.strip():
        raise BadInput(f"{path} is empty")
    for magic, what in KNOWN_BINARIES.items():
        if content.startswith(magic):
            raise BadInput(f"{path} is {what}, not a CSV: save it as CSV (comma-separated text) first")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace"), ["encoded as UTF-16"]
    if _is_binary(content):
        raise BadInput(f"{path} is a binary file, not a CSV: save it as CSV (comma-separated text) first")
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        note = "not UTF-8: read as Windows-1252, check that names with accents look right"
        return content.decode("cp1252", errors="replace"), [note]


def _is_binary(content: bytes) -> bool:
    """Return whether the content has a zero byte or many control characters, as text never has."""
    start = content[:65536]
    control = sum(count for byte, count in Counter(start).items() if byte < 32 and byte not in b"\t\n\r\f")
    return b"\x00" in start or control > len(start) / 100


def _separator(text: str, path: Path) -> str:
    """Return the separator that the first line has most often, outside of quotes."""
    first_line = next(line for line in text.splitlines() if line.strip())
    outside_quotes = re.sub(r'"[^"]*"', "", first_line)
    separator = max(SEPARATORS, key=outside_quotes.count)
    if separator not in outside_quotes:
        raise BadInput(
            f"{path} has one column only ({first_line.strip()[:40]!r}): "
            "a comma, semicolon, tab or bar was expected between columns"
        )
    return separator


def _rows(text: str, separator: str, path: Path) -> list[list[str]]:
    """Return the rows that are not blank, the header first. Raises BadInput if one is longer or shorter."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for row in reader:
            if not any(map(str.strip, row)):
                continue
            if rows and len(row) != len(rows[0]):
                raise BadInput(
                    f"{path}, line {reader.line_num}: {len(row)} values under a header of {len(rows[0])}: "
                    "fix the line, or put a text that holds separators in quotes"
                )
            rows.append(row)
    except csv.Error as error:
        raise BadInput(f"{path}, line {reader.line_num}: {error}: is a quote left open?") from error
    return rows


def _header(cells: list[str], path: Path, notes: list[str]) -> list[str]:
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)]
    if unnamed := [name for cell, name in zip(cells, names, strict=True) if not cell.strip()]:
        notes.append(f"no name in the header: called {', '.join(unnamed)}")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadInput(f"{path} has two columns named {', '.join(twice)}: rename one of each")
    return names


def _with_plain_numbers(table: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Write numbers as Python does: 29.85 for 29,85, and 1234.50 for 1,234.50.

    A comma is a decimal mark where it does not separate columns, and marks thousands where it does.
    """
    european = separator != ","
    pattern = DECIMAL_COMMA if european else THOUSANDS
    for name in table.columns:
        values = table[name].drop_nulls()
        if values.str.contains(",", literal=True).any() and values.str.contains(pattern).all():
            table = table.with_columns(pl.col(name).str.replace_all(",", "." if european else "", literal=True))
    return table
