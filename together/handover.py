"""The contract between the two halves: what Airflow hands to the model half. Paths and digests cross, never frames.

    runs/together/handover/month=2025-12/
        features/month=2025-01/ … month=2025-12/      as they are at this moment
        labels/month=2025-01/ … month=2025-11/
        handover.json                                  written last: what is here, and who made it

The tables are hard links: they take no space, and they stay when Airflow replaces a month in the lake. The model half
reads nothing else, and checks every digest first. Who retries what, and whose state counts, is in the README.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from churn.collect import data_fingerprint
from churn.harness.errors import BadInput
from churn.lake import months_of, new_partition, partition
from churn.storage.atomic import sha256_of
from tracking_pipeline.safety.code import git_sha
from workflow_pipeline.artifacts import digest_of

TABLES = ("features", "labels")
OUTPUTS = ("training", "model", "challenger", "predictions", "live")  # what comes back into the lake
NAME = "handover.json"


@dataclass(frozen=True)
class Handover:
    """A month that is ready to learn from."""

    month: str
    airflow_run: str
    commit: str
    seed: int | None
    experiment: str  # in MLflow; the registered model has the same name
    data_fingerprint: str
    tables: dict[str, str]  # SHA-256 over the files of each partition, by its name: "features/month=2025-03"
    exports: dict[str, str]  # SHA-256 of the list of checksums of each raw export, by month


def hand_over(folder: Path, month: str, airflow_run: str, experiment: str, seed: int | None) -> Path:
    """Write the hand-over of a month next to the lake in `folder`, whole or not at all. Return its place."""
    lake, place = folder / "lake", partition(folder, "handover", month)
    with new_partition(place) as new:
        tables = {}
        for table in TABLES:
            for past in (past for past in months_of(lake, table) if past <= month):
                copy = partition(new, table, past)
                shutil.copytree(partition(lake, table, past), copy, copy_function=link)
                tables[f"{table}/{copy.name}"] = digest_of(copy)
        exports = {past: sha256_of(partition(lake, "raw", past) / "checksums.json") for past in months_of(lake, "raw")}
        fingerprint = data_fingerprint(lake, month)
        handover = Handover(month, airflow_run, git_sha(), seed, experiment, fingerprint, tables, exports)
        (new / NAME).write_text(json.dumps(asdict(handover), indent=1), encoding="utf-8")
    return place


def read_handover(place: Path) -> Handover:
    """Return what was handed over. Raise BadInput if a table is not what it was then."""
    if not (place / NAME).is_file():
        raise BadInput(f"there is no hand-over in {place}: Airflow writes it when a month's features are ready")
    handover = Handover(**json.loads((place / NAME).read_text(encoding="utf-8")))
    found = {f"{table}/month={month}" for table in TABLES for month in months_of(place, table)}
    for name in sorted(found | handover.tables.keys()):
        if name not in found or digest_of(place / name) != handover.tables.get(name):
            raise BadInput(
                f"{place / name} was changed after it was handed over: run {handover.month} again in Airflow"
            )
    return handover


def link(source: str, target: str) -> None:
    """Link a file, or copy it where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
