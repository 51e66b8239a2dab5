"""The checksums of a partition, in the partition."""

import json
from pathlib import Path

from churn.storage.atomic import sha256_of


def write_checksums(folder: Path) -> dict[str, str]:
    """Write checksums.json of a partition; return the SHA-256 of its Parquet files, and of a manifest, by path."""
    files = [*sorted(folder.glob("manifest.json")), *sorted(folder.rglob("*.parquet"))]
    checksums = {file.relative_to(folder).as_posix(): sha256_of(file) for file in files}
    (folder / "checksums.json").write_text(json.dumps(checksums, indent=1), encoding="utf-8")
    return checksums
