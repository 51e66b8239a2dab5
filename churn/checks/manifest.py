"""The operator's manifest of an export: each file it sent, with its rows, bytes and SHA-256.

    source/month=2025-12/manifest.json      written last: an export without it is not finished

It tells what was lost on the way here. Rows that the operator lost before are missing in the manifest, too.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from reprlib import repr as shortened

from churn.harness.errors import BadInput
from churn.storage.atomic import sha256_of
from churn.storage.months import first_day, last_day, parse_month

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
PATH = re.compile(r"(?!\.)[^/\\]+/[^/\\]+\.parquet")
SHA256 = re.compile(r"[0-9a-f]{64}")
REMEDY = "wait until the operator has finished it, or ask for it again"


@dataclass(frozen=True)
class Figures:
    """The figures of one file."""

    rows: int
    bytes: int
    sha256: str

    def keep_the_schema(self) -> bool:
        """Tell whether these are figures of a file, whatever a manifest says."""
        counts = all(type(count) is int and count >= 0 for count in (self.rows, self.bytes))
        return counts and isinstance(self.sha256, str) and bool(SHA256.fullmatch(self.sha256))


NOTHING = Figures(0, 0, "")


def write_manifest(export: Path) -> None:
    """Write the manifest of the export in folder `export`, named month=YYYY-MM. Its tables must all be there."""
    month = parse_month(export.name.removeprefix("month="))
    checksums = {file.relative_to(export).as_posix(): sha256_of(file) for file in sorted(export.glob("*/*.parquet"))}
    files = {path: asdict(figures) for path, figures in _figures(export, checksums).items()}
    (export / MANIFEST).write_text(json.dumps({**_header(month), "files": files}, indent=1), encoding="utf-8")


def raise_if_incomplete(raw: Path, checksums: dict[str, str], source: Path, month: str) -> None:
    """Raise BadInput if `raw`, a copy of the month's export, is not what its manifest lists.

    The sentence names each table and the number of its missing rows. `checksums` holds the SHA-256 of each copied file.
    Without any manifest in `source`, these are exports of others, and every one is accepted.
    """
    if not (raw / MANIFEST).is_file():
        if any(source.glob(f"month=*/{MANIFEST}")):
            raise BadInput(f"the export of {month} has no {MANIFEST}, but other months have one: {REMEDY}")
        return
    sent = read_manifest(raw / MANIFEST, month)
    arrived = _figures(raw, {path: checksums[path] for path in checksums if path != MANIFEST})
    tables = sorted({path.partition("/")[0] for path in sent.keys() | arrived.keys()})
    if problems := [problem for table in tables if (problem := _problem(table, month, sent, arrived))]:
        raise BadInput(f"{'; '.join(problems)}: the export is not what its manifest lists, so {REMEDY}")


def read_manifest(file: Path, month: str) -> dict[str, Figures]:
    """Return the figures of each file by its path in the export. Raise BadInput if this is no manifest of the month."""
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise _bad(month, "is not JSON") from None
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise _bad(month, "lists no files")
    for name, expected in _header(month).items():
        if content.get(name) != expected:
            raise _bad(month, f"has {name} {shortened(content.get(name))}, not {expected!r}")
    return {path: _listed(path, figures, month) for path, figures in content["files"].items()}


def _header(month: str) -> dict[str, object]:
    period = {"first_day": str(first_day(month)), "last_day": str(last_day(month))}
    return {"schema_version": SCHEMA_VERSION, **period, "time_zone": "UTC"}


def _listed(path: str, content: object, month: str) -> Figures:
    if not (PATH.fullmatch(path) and path.isprintable()):
        raise _bad(month, f"lists {shortened(path)}, which is no path like usage/part-00000.parquet")
    if isinstance(content, dict) and content.keys() == Figures.__annotations__.keys():
        figures = Figures(**content)
        if figures.keep_the_schema():
            return figures
    raise _bad(month, f"must give {shortened(path)} rows and bytes from 0 up, and a sha256")


def _bad(month: str, problem: str) -> BadInput:
    return BadInput(f"{MANIFEST} of {month} {problem}: ask the operator for a new one")


def _figures(folder: Path, checksums: dict[str, str]) -> dict[str, Figures]:
    sizes = {path: (folder / path).stat().st_size for path in checksums}
    return {path: Figures(_rows(folder / path), sizes[path], sha256) for path, sha256 in checksums.items()}


def _rows(file: Path) -> int:
    """Return the number of rows that the file's footer gives; 0 if nobody can read the file."""
    import polars as pl  # not at the top: exports without a manifest are collected without any package
    from polars.exceptions import PanicException, PolarsError

    try:
        rows: int = pl.scan_parquet(file, hive_partitioning=False, glob=False).select(pl.len()).collect().item()
    except (PolarsError, PanicException):  # a damaged file can make Polars panic
        return 0
    return rows


def _problem(table: str, month: str, sent: dict[str, Figures], arrived: dict[str, Figures]) -> str | None:
    """Return how a table differs from the manifest, or None."""
    paths = [path for path in sorted(sent.keys() | arrived.keys()) if path.startswith(f"{table}/")]
    differences = {Path(path).name: _difference(sent.get(path), arrived.get(path)) for path in paths}
    reasons = [f"{name} {difference}" for name, difference in differences.items() if difference]
    if not reasons:
        return None
    why = reasons[0] + (f", and {len(reasons) - 1} more" if reasons[1:] else "")
    total = sum(sent.get(path, NOTHING).rows for path in paths)
    missing = sum(max(0, sent.get(path, NOTHING).rows - arrived.get(path, NOTHING).rows) for path in paths)
    if not missing:
        return f"{table} {month}: {why}"
    return f"{table} {month}: {missing:,} of {total:,} rows {'is' if missing == 1 else 'are'} missing ({why})"


def _difference(listed: Figures | None, found: Figures | None) -> str | None:
    if found is None:
        return "did not arrive"
    if listed is None:
        return "is not in the manifest"
    if (listed.bytes, listed.sha256) != (found.bytes, found.sha256):
        return "was cut or changed"
    return f"has {found.rows:,} rows" if listed.rows != found.rows else None
