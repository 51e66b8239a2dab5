"""However a program writes a table, it is read as it was meant, or refused in one sentence."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from churn.harness.errors import BadInput
from model_pipeline.own_table.read_csv import BLANKS, read_csv

WORDS = st.text("abcXYZ äöéß€0123456789,;\"'-_|", max_size=8).map(str.strip)
quickly = settings(deadline=None, max_examples=60)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 4))
    row = st.lists(WORDS, min_size=width, max_size=width).filter(any)
    header = [f"name{number}" for number in range(width)]
    return [header, *draw(st.lists(row, min_size=1, max_size=6))]


@quickly
@given(
    table=tables(),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    zipped=st.booleans(),
)
def test_any_text_in_any_dialect_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    separator: str,
    encoding: str,
    line_end: str,
    zipped: bool,
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=line_end).writerows(table)
    content = text.getvalue().encode(encoding)
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(gzip.compress(content) if zipped else content)
    read, _ = read_csv(path)
    assert read.columns == table[0]
    expected = [[None if cell in BLANKS else cell for cell in row] for row in table[1:]]
    if encoding == "cp1252" and _is_utf8(content):
        return  # the bytes say nothing else
    assert _without_marks([list(row) for row in read.rows()]) == _without_marks(expected)


def _is_utf8(content: bytes) -> bool:
    try:
        return content.decode("utf-8") != content.decode("cp1252")
    except UnicodeDecodeError:
        return False


def _without_marks(rows: list[list[str | None]]) -> list[list[str | None]]:
    """Commas in a column of numbers are read as decimal or thousands marks: another test covers that."""
    return [[cell and cell.replace(",", "").replace(".", "") for cell in row] for row in rows]


@quickly
@given(st.binary(max_size=300))
@example(b",\n")
@example(b"a,b\n1,2\n")
@example(b'a,b\n"1,2\n')
@example(b"\x1f\x8bnot gzip")
@example(b"\xff\xfea")
def test_any_bytes_are_a_table_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(content)
    try:
        table, _ = read_csv(path)
    except BadInput as refused:
        assert str(path) in str(refused)
        assert "\n" not in str(refused)
    else:
        assert table.width >= 2
        assert table.height >= 1


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank lines only": (b"\n \n", "is empty"),
    "a separator's name only": (b"sep=;\n", "is empty"),
    "header only": (b"a,b\n", "has a header and no rows"),
    "header and blank lines": (b"a,b\n\n  \n,\n", "has a header and no rows"),
    "one column": (b"a\n1\n2\n", r"has one column only \('a'\)"),
    "a row too long": (b"a,b\n1,2\n1,2,3\n", "line 3: 3 values under a header of 2"),
    "a row too short": (b"a,b\n1,2\n1\n", "line 3: 1 values under a header of 2"),
    "a quote left open": (b'a,b\n"1,2\n3,4\n', "line 3: 1 values under a header of 2"),
    "a name twice": (b"a,b,a\n1,2,3\n", "has two columns named a:"),
    "an Excel workbook": (b"PK\x03\x04" + bytes(50), "is an Excel workbook or a zip archive"),
    "Parquet": (b"PAR1" + bytes(50), "is a Parquet file"),
    "zero bytes": (b"a,b\n1,\x00\n", "is a binary file"),
    "noise": (bytes(range(1, 32)) * 20, "is a binary file"),
    "broken gzip": (gzip.compress(b"a,b\n1,2\n")[:-6], "looks like gzip, and cannot be unpacked"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_table_is_refused_with_its_reason(tmp_path: Path, what: str) -> None:
    content, sentence = BAD[what]
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"mine.csv.*{sentence}"):
        read_csv(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no file"):
        read_csv(tmp_path / "nowhere.csv")
    with pytest.raises(BadInput, match="is a folder"):
        read_csv(tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("n;w\n1,5;a\n-2;b\n", ["1.5", "-2"]),
        ('n,w\n"1,234.50",a\n2,b\n', ["1234.50", "2"]),
        ("n;w\n1,5;a\nabout 2;b\n", ["1,5", "about 2"]),
        ('n,w\n"1,5",a\n2,b\n', ["1,5", "2"]),
    ],
)
def test_marks_in_numbers_are_read_by_the_custom_of_the_file(tmp_path: Path, content: str, expected: list[str]) -> None:
    (tmp_path / "t.csv").write_text(content)
    assert read_csv(tmp_path / "t.csv")[0]["n"].to_list() == expected


def test_what_was_guessed_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("sep=;\n;Käufer\n0;ja\n1;nein\n".encode("cp1252"))
    table, notes = read_csv(tmp_path / "t.csv")
    assert table.columns == ["column 1", "Käufer"]
    assert [note.split(":")[0] for note in notes] == [
        "not UTF-8",
        "separated by semicolons",
        "no name in the header",
    ]
