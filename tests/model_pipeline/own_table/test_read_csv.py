"""However a program writes a table, it is read as it was meant, or refused in one sentence."""

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from churn.harness.errors import BadInput
from model_pipeline.own_table.read_csv import read_csv

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
    read = read_csv(path).table
    assert read.columns == table[0]
    expected = [[cell or None for cell in row] for row in table[1:]]
    if encoding == "cp1252" and _is_utf8(content):
        return  # the bytes say nothing else
    assert [list(row) for row in read.rows()] == expected


def _is_utf8(content: bytes) -> bool:
    try:
        return content.decode("utf-8") != content.decode("cp1252")
    except UnicodeDecodeError:
        return False


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
        table = read_csv(path).table
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
    "a row too short": (b"a,b\n1,2\n1\n", "line 3: 1 value under a header of 2"),
    "a quote left open": (b'a,b\n"1,2\n3,4\n', "line 3: 1 value under a header of 2"),
    "a long row": (b"a,b\n" + b"1,2\n" * 50 + b"1,2,3\n", "line 52: 3 values under a header of 2"),
    "fewer names than values": (b"569,30,yes,no\n" + b"1,2,3,4,5,6\n" * 9, "line 1: 4 names above rows of 6 values"),
    "no header": (b"1,2.5\n3,4.5\n", "the first line has only numbers"),
    "a name twice": (b"a,b,a\n1,2,3\n", "two columns are named a:"),
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


ROWS = [[str(number), f"w{number % 3}", "yes" if number % 4 else "no"] for number in range(12)]
HEADER = ["tenure", "plan", "churn"]


def written(*rows: list[str], **dialect: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", **dialect).writerows(rows)
    return text.getvalue()


NAMED = [["r" + row[0], *row] for row in ROWS]  # as R writes row names
QUOTED = [[tenure, f'say "{plan}", twice', churn] for tenure, plan, churn in ROWS]
COMMAS = [[f"{tenure},5", plan, churn] for tenure, plan, churn in ROWS]
DIALECTS: dict[str, tuple[str, list[list[str]]]] = {
    "sep= line": ("sep=;\n" + written(HEADER, *ROWS, delimiter=";"), ROWS),
    "sep= line with a bar": ("sep=|\n" + written(HEADER, *ROWS, delimiter="|"), ROWS),
    "line break in a header": (written(["Tenure\n(months)", "plan", "churn"], *ROWS), ROWS),
    "row names of write.csv": (written(HEADER, *NAMED, quoting=csv.QUOTE_NONNUMERIC), NAMED),
    "row names of write.table": (written(HEADER, *NAMED, delimiter=" ", quoting=csv.QUOTE_ALL), NAMED),
    "separators at the ends of rows": (written(HEADER, *([*row, ""] for row in ROWS)), ROWS),
    "separator at the end of the header": (written([*HEADER, ""], *ROWS), ROWS),
    "title above": ("Customers of 2025-01-31\n\n" + written(HEADER, *ROWS), ROWS),
    "title that fills its row": ("Customers,,\n" + written(HEADER, *ROWS), ROWS),
    "comments": ("# made by x, y\n" + written(HEADER, *ROWS[:6]) + "# z\n" + written(*ROWS[6:]), ROWS),
    "a header that begins with #": (written(["# tenure", *HEADER[1:]], *ROWS), ROWS),
    "backslashed quotes": (
        written(HEADER) + "".join(f'{tenure},"say \\"{plan}\\", twice",{churn}\n' for tenure, plan, churn in ROWS),
        QUOTED,
    ),
    "a backslash before a quote": (written(HEADER, *([r[0], "C:\\", r[2]] for r in ROWS), quoting=csv.QUOTE_ALL), []),
    "a space before a quote": (written(HEADER, *QUOTED).replace(',"', ', "'), QUOTED),
    "doubled quotes": (written(HEADER, *QUOTED), QUOTED),
    "single quotes": (written(HEADER, *QUOTED, quotechar="'", quoting=csv.QUOTE_ALL), QUOTED),
    "blank lines": (written(HEADER, *ROWS).replace("\n", "\n\n"), ROWS),
    "line ends of an old Mac": (written(HEADER, *ROWS).replace("\n", "\r"), ROWS),
    "decimal commas": (written(HEADER, *COMMAS, delimiter=";"), COMMAS),
    "quoted decimal commas": (written(HEADER, *COMMAS), COMMAS),
    "one row with more commas than semicolons": ("a;b;c\n1,5;2,5;3,5\n", [["1,5", "2,5", "3,5"]]),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_program_s_file_is_the_same_table(tmp_path: Path, dialect: str) -> None:
    text, rows = DIALECTS[dialect]
    (tmp_path / "t.csv").write_text(text, newline="")
    table = read_csv(tmp_path / "t.csv").table
    assert [list(row) for row in table.rows()] == (rows or [[row[0], "C:\\", row[2]] for row in ROWS])


def test_values_are_kept_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n \t=1+1 ,NA\n\\N,\n")
    assert read_csv(tmp_path / "t.csv").table.rows() == [(" \t=1+1 ", "NA"), ("\\N", None)]


def test_names_are_one_line_without_what_a_terminal_would_obey(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        '"Customer\r\nID","\x1b[31mred\x07","zero\u200bwidth"\n' + "1,2,3\n" * 50, encoding="utf-8"
    )
    assert read_csv(tmp_path / "t.csv").table.columns == ["Customer ID", "[31mred", "zerowidth"]


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_pipeline.own_table.read_csv.LARGEST", 1_000_000)
    for name, content, sentence in (
        ("bomb.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 500_000), "bomb.csv.gz has more than 1 MB unpacked"),
        ("large.csv", b"a,b\n" + b"1,2\n" * 500_000, "large.csv has more than 1 MB: take a random sample"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=sentence):
            read_csv(tmp_path / name)


def test_what_was_guessed_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("sep=;\n;Käufer\n0;ja\n1;nein\n".encode("cp1252"))
    table, notes, _ = read_csv(tmp_path / "t.csv")
    assert table.columns == ["column 1", "Käufer"]
    assert [note.split(":")[0] for note in notes] == [
        "not UTF-8",
        "separated by semicolons",
        "no name in the header",
    ]
