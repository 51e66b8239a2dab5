"""Data Collection: copy one month's export into the lake as it is, if all of it has arrived."""

import hashlib
import shutil
from pathlib import Path

from churn.checks.manifest import MANIFEST, raise_if_incomplete
from churn.checks.readable import files_of_export, is_folder, months_exported
from churn.harness.errors import BadInput
from churn.lake import existing_partition, months_of, new_partition, partition
from churn.storage.checksums import write_checksums
from churn.storage.months import parse_month


def collect(source: Path, lake: Path, month: str) -> dict[str, str]:
    """Copy `source/month=…` to `lake/raw/month=…`. Return the SHA-256 of each file by its path in the partition.

    Raises BadInput when the export is missing, closed to this user, or not what the operator's manifest lists. It may
    be finished at the next try. The next stage judges the rows.
    """
    export = partition_of_export(source, month)
    with new_partition(partition(lake, "raw", month)) as folder:
        for file in files_of_export(export, MANIFEST):
            copy = folder / file.relative_to(export)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
        checksums = write_checksums(folder)
        raise_if_incomplete(folder, checksums, source, month)
        return checksums


def partition_of_export(source: Path, month: str) -> Path:
    """Return the folder of one month's export. Raise BadInput, naming the months that are there, if it is missing."""
    export = source / f"month={parse_month(month)}"
    if is_folder(export):
        return export
    if not is_folder(source):
        raise BadInput(f"there is no source folder {source}: name a folder of exports, or leave it out to simulate one")
    there = months_exported(source)
    if not there:
        raise BadInput(f"{source} holds no export: folders named month=YYYY-MM were expected in it")
    raise BadInput(f"{source} has no export for {month}: it has {there[0]} to {there[-1]}")


def data_fingerprint(lake: Path, month: str) -> str:
    """Return a SHA-256 over all exports up to and including `month`: equal data gives an equal fingerprint."""
    existing_partition(lake, "raw", month, made_by="collect")
    digest = hashlib.sha256()
    for collected in months_of(lake, "raw"):
        if collected <= month:
            digest.update(f"{collected}\n".encode())
            digest.update((partition(lake, "raw", collected) / "checksums.json").read_bytes())
    return digest.hexdigest()
