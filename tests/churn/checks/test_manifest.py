"""The operator's manifest: `collect` takes an export only if everything that the manifest lists has arrived."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn.checks.manifest import MANIFEST, read_manifest, write_manifest
from churn.collect import collect
from churn.harness.errors import BadInput
from churn.lake import partition
from churn.simulator.faults import break_export
from churn.storage.atomic import sha256_of
from churn.tables import TABLES
from tests.churn.small_world import MONTHS, files, hidden_leftovers, without_manifests

MONTH = MONTHS[2]
PART, SECOND = "part-00000.parquet", "part-00001.parquet"
WAIT = "wait until the operator has finished it, or ask for it again"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def export(source: Path) -> Path:
    return source / f"month={MONTH}"


def rows_of(file: Path) -> int:
    return len(pl.read_parquet(file, hive_partitioning=False))


def edit(export: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((export / MANIFEST).read_text(encoding="utf-8"))
    change(content)
    (export / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def refused(source: Path, lake: Path) -> str:
    """Return the sentence with which `collect` refuses the month. It must leave the lake as it was."""
    before = files(lake)
    with pytest.raises(BadInput) as refusal:
        collect(source, lake, MONTH)
    assert files(lake) == before
    assert hidden_leftovers(lake) == []
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_the_manifest_lists_every_file_with_its_figures(operator: Path) -> None:
    export = operator / "source" / f"month={MONTH}"
    content = json.loads((export / MANIFEST).read_text(encoding="utf-8"))
    listed = content.pop("files")
    expected = {"schema_version": 1, "first_day": "2025-03-01", "last_day": "2025-03-31", "time_zone": "UTC"}
    assert content == expected
    assert set(listed) == {f"{table}/{part}" for table in TABLES for part in (PART, SECOND)}
    for path, figures in listed.items():
        file = export / path
        assert figures == {"rows": rows_of(file), "bytes": file.stat().st_size, "sha256": sha256_of(file)}


def test_raw_keeps_the_manifest_and_the_fingerprint_covers_it(operator: Path, lake: Path, export: Path) -> None:
    raw = partition(lake, "raw", MONTH)
    assert (raw / MANIFEST).read_bytes() == (operator / "source" / f"month={MONTH}" / MANIFEST).read_bytes()
    before = sha256_of(raw / "checksums.json")
    edit(export, lambda manifest: None)  # the same content, in other bytes
    assert MANIFEST in collect(export.parent, lake, MONTH)
    assert sha256_of(raw / "checksums.json") != before


@pytest.mark.parametrize("table", TABLES)
def test_half_a_table_lost_on_the_way_is_refused_with_the_number_of_missing_rows(
    source: Path, lake: Path, export: Path, table: str
) -> None:
    rows = [rows_of(export / table / part) for part in (PART, SECOND)]
    break_export(export, "half_table", table)
    missing = sum(rows) - sum(rows_of(export / table / part) for part in (PART, SECOND))
    assert missing == sum(count - count // 2 for count in rows)
    assert refused(source, lake) == (
        f"{table} {MONTH}: {missing:,} of {sum(rows):,} rows are missing ({PART} was cut or changed, and 1 more): "
        f"the export is not what its manifest lists, so {WAIT}"
    )


def lose(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def lose_one_row(file: Path) -> None:
    pl.read_parquet(file, hive_partitioning=False)[1:].write_parquet(file)


def repeat(file: Path) -> None:
    rows = pl.read_parquet(file, hive_partitioning=False)
    pl.concat([rows, rows]).write_parquet(file)


def reverse(file: Path) -> None:
    pl.read_parquet(file, hive_partitioning=False).reverse().write_parquet(file)


def send_another(file: Path) -> None:
    shutil.copy(file, file.with_name("part-00007.parquet"))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lose, rf"{{rows}} of {{total}} rows are missing \({SECOND} did not arrive\)"),
        (cut, rf"{{rows}} of {{total}} rows are missing \({SECOND} was cut or changed\)"),
        (empty, rf"{{rows}} of {{total}} rows are missing \({SECOND} was cut or changed\)"),
        (lose_one_row, rf"1 of {{total}} rows is missing \({SECOND} was cut or changed\)"),
        (repeat, f"{SECOND} was cut or changed"),
        (reverse, f"{SECOND} was cut or changed"),
        (send_another, "part-00007.parquet is not in the manifest"),
    ],
)
@pytest.mark.parametrize("table", ["usage", "cancellations"])
def test_whatever_happens_to_a_file_on_the_way_is_refused(
    source: Path, lake: Path, export: Path, table: str, damage: Callable[[Path], None], sentence: str
) -> None:
    first, second = (rows_of(export / table / part) for part in (PART, SECOND))
    damage(export / table / SECOND)
    expected = sentence.format(rows=f"{second:,}", total=f"{first + second:,}")
    assert re.match(f"{table} {MONTH}: {expected}: the export is not what", refused(source, lake))


def test_each_damaged_table_is_named(source: Path, lake: Path, export: Path) -> None:
    break_export(export, "missing_table", "tickets")
    break_export(export, "cut_file", "payments")
    sentence = refused(source, lake)
    assert re.match(rf"payments {MONTH}: .+ rows are missing \(.+\); tickets {MONTH}: .+ did not arrive", sentence)
    assert sentence.endswith(WAIT)


def test_a_table_that_the_manifest_does_not_know_is_refused(source: Path, lake: Path, export: Path) -> None:
    shutil.copytree(export / "payments", export / "invoices")
    assert refused(source, lake).startswith(f"invoices {MONTH}: {PART} is not in the manifest, and 1 more: ")


def test_rows_that_the_operator_counted_and_its_file_lacks_are_missing(source: Path, lake: Path, export: Path) -> None:
    """The file arrived as it was sent, but the operator's job had lost rows while it wrote the file."""
    before = rows_of(export / "usage" / PART) + rows_of(export / "usage" / SECOND)
    edit(export, lambda manifest: manifest["files"][f"usage/{PART}"].update(rows=10**9))
    missing = 10**9 - rows_of(export / "usage" / PART)
    assert f"usage {MONTH}: {missing:,} of {missing + before:,} rows are missing" in refused(source, lake)


def test_what_the_operator_lost_before_it_wrote_the_manifest_is_collected(
    source: Path, lake: Path, export: Path
) -> None:
    """The manifest says nothing about it: that is for the contract."""
    break_export(export, "half_table", "usage")
    write_manifest(export)
    assert collect(source, lake, MONTH)["usage/" + PART] == sha256_of(export / "usage" / PART)


def test_an_export_without_a_manifest_is_unfinished_if_the_operator_writes_them(
    source: Path, lake: Path, clean_lake: Path, export: Path
) -> None:
    hidden = (export / MANIFEST).rename(export.parent / "not yet")
    sentence = f"the export of {MONTH} has no manifest.json, but other months have one: {WAIT}"
    assert refused(source, lake) == sentence
    hidden.rename(export / MANIFEST)  # finished at the next try
    collect(source, lake, MONTH)
    assert files(lake) == files(clean_lake)


def test_exports_of_others_need_no_manifest(source: Path, lake: Path, export: Path) -> None:
    without_manifests(source)
    assert collect(source, lake, MONTH) == files(export)
    assert not (partition(lake, "raw", MONTH) / MANIFEST).exists()


def test_without_a_manifest_no_package_is_needed(source: Path, tmp_path: Path) -> None:
    without_manifests(source)
    script = (
        "import sys; from pathlib import Path; sys.modules['polars'] = None; from churn.collect import collect;"
        "print(len(collect(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))"
    )
    command = [sys.executable, "-c", script, str(source), str(tmp_path / "lake"), MONTH]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == f"{2 * len(TABLES)}\n", done.stderr


ONE_FILE = f"usage/{PART}"
BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "version": (lambda it: it.update(schema_version=2), "has schema_version 2, not 1"),
    "month": (lambda it: it.update(first_day="2025-02-01"), "has first_day '2025-02-01', not '2025-03-01'"),
    "half a month": (lambda it: it.update(last_day="2025-03-15"), "has last_day '2025-03-15', not '2025-03-31'"),
    "time zone": (lambda it: it.pop("time_zone"), "has time_zone None, not 'UTC'"),
    "a long value": (lambda it: it.update(time_zone="Z\n" * 9999), r"has time_zone 'Z\\n.{,30}', not 'UTC'"),
    "no files": (lambda it: it.pop("files"), "lists no files"),
    "a list": (lambda it: it.update(files=[ONE_FILE]), "lists no files"),
    "another folder": (lambda it: it["files"].update({"../usage/x.parquet": {}}), "lists '../usage/x.parquet', which"),
    "a parent": (lambda it: it["files"].update({"../x.parquet": {}}), "lists '../x.parquet', which is no path like "),
    "absolute": (lambda it: it["files"].update({"/usage/x.parquet": {}}), "lists '/usage/x.parquet', which is no path"),
    "two lines": (lambda it: it["files"].update({"usage/x\n.parquet": {}}), r"lists 'usage/x\\n.parquet', which is no"),
    "no table": (lambda it: it["files"].update({"usage/x.csv": {}}), "lists 'usage/x.csv', which is no path"),
    "negative": (lambda it: it["files"][ONE_FILE].update(rows=-1), f"must give '{ONE_FILE}' rows and bytes from 0 up"),
    "a fraction": (lambda it: it["files"][ONE_FILE].update(bytes=1.5), f"must give '{ONE_FILE}' rows and bytes"),
    "no digest": (lambda it: it["files"][ONE_FILE].pop("sha256"), f"must give '{ONE_FILE}' rows and bytes"),
    "a short digest": (lambda it: it["files"][ONE_FILE].update(sha256="ab"), f"must give '{ONE_FILE}' rows and bytes"),
    "no figures": (lambda it: it["files"].update({ONE_FILE: 7}), f"must give '{ONE_FILE}' rows and bytes"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_manifest_is_one_sentence(source: Path, lake: Path, export: Path, bad: str) -> None:
    change, problem = BAD[bad]
    edit(export, change)
    sentence = refused(source, lake)
    assert re.fullmatch(rf"manifest.json of {MONTH} {problem}.*: ask the operator for a new one", sentence)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 10_000])
def test_a_manifest_that_is_no_json_is_one_sentence(source: Path, lake: Path, export: Path, content: bytes) -> None:
    (export / MANIFEST).write_bytes(content)
    assert refused(source, lake) == f"manifest.json of {MONTH} is not JSON: ask the operator for a new one"


@pytest.mark.parametrize("content", [b"[]", b"null", b'"files"', b"{}"])
def test_a_manifest_that_lists_nothing_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(BadInput, match=f"^manifest.json of {MONTH} lists no files: ask"):
        read_manifest(tmp_path / MANIFEST, MONTH)
