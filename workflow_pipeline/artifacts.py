"""Artifacts as a lake: what lies between the files that the engine hands to a step and the functions of `churn`.

The engine passes folders and remembers where they are; that they are still what the step before wrote, it does not
check. So each output is sealed with a digest in its metadata, and each input is held against its seal before use.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from churn.harness.errors import BadInput
from churn.storage.atomic import sha256_of

Artifact = Any  # kfp.dsl.Artifact: this file must import where only kfp's runtime is installed, and where nothing is


@contextmanager
def lake_of(inputs: dict[str, Artifact], outputs: dict[str, Artifact]) -> Iterator[Path]:
    """Give a lake whose tables are the artifacts of this step; seal the outputs when the block ends without an error.

    Raises BadInput when an input was changed after it was sealed.
    """
    for artifact in inputs.values():
        raise_if_edited(artifact)
    with TemporaryDirectory() as folder:
        lake = Path(folder)
        for artifact in outputs.values():
            Path(artifact.path).mkdir(parents=True)
        for table, artifact in {**inputs, **outputs}.items():
            (lake / table).symlink_to(artifact.path)
        yield lake
    for artifact in outputs.values():
        artifact.metadata["sha256"] = digest_of(Path(artifact.path))


def log_metrics(metrics: Artifact, values: Mapping[str, float | str]) -> None:
    """Log each value, and write them to the artifact's file as well: kfp's local cache forgets a step one of whose
    artifacts has no file, and logging alone makes none.
    """
    for name, value in values.items():
        metrics.log_metric(name, value)
    Path(metrics.path).write_text(json.dumps(metrics.metadata, indent=1), encoding="utf-8")


def raise_if_edited(artifact: Artifact) -> None:
    """Raise BadInput if the artifact's files are not the ones it was sealed with."""
    if digest_of(Path(artifact.path)) != artifact.metadata["sha256"]:
        raise BadInput(
            f"{artifact.path} was changed after its step had written it: "
            "delete that folder, and the next run makes it anew"
        )


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and contents of all files in the folder."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {sha256_of(file)}\n".encode())
    return digest.hexdigest()
