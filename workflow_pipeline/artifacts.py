"""Give the functions of `churn` a lake that is made of a step's artifacts, and notice artifacts that were edited.

kfp passes folders from step to step, but does not check that nobody changed them in between. So we seal each output
with a digest in its metadata, and compare each input with its seal before a step uses it.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from churn.harness.errors import BadInput
from churn.storage.atomic import sha256_of

Artifact = Any  # kfp.dsl.Artifact; not imported, because this file must also work without kfp


@contextmanager
def lake_of(inputs: dict[str, Artifact], outputs: dict[str, Artifact]) -> Iterator[Path]:
    """Yield a lake whose tables are the artifacts of this step. Seal the outputs if the block ends without an error.

    The outputs begin empty: a retry finds nothing of the try that failed. Raises BadInput if an input was changed after
    it was sealed.
    """
    for artifact in inputs.values():
        raise_if_edited(artifact)
    with TemporaryDirectory() as folder:
        lake = Path(folder)
        for artifact in outputs.values():
            shutil.rmtree(artifact.path, ignore_errors=True)
            Path(artifact.path).mkdir(parents=True)
        for table, artifact in {**inputs, **outputs}.items():
            (lake / table).symlink_to(artifact.path)
        yield lake
    for artifact in outputs.values():
        artifact.metadata["sha256"] = digest_of(Path(artifact.path))


def log_metrics(metrics: Artifact, values: Mapping[str, float | str]) -> None:
    """Log each value, and write all of them to the artifact's file.

    Logging alone writes no file, and kfp's local cache forgets a step if one of its artifacts has no file.
    """
    for name, value in values.items():
        metrics.log_metric(name, value)
    Path(metrics.path).write_text(json.dumps(metrics.metadata, indent=1), encoding="utf-8")


def raise_if_edited(artifact: Artifact) -> None:
    """Raise BadInput if the artifact's files differ from those it was sealed with."""
    if digest_of(Path(artifact.path)) != artifact.metadata.get("sha256"):
        raise BadInput(
            f"{artifact.path} was changed after its step had written it: "
            "delete that folder, and the next run writes it again"
        )


def digest_of(folder: Path) -> str:
    """Return the SHA-256 over the names and contents of all files in the folder."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {sha256_of(file)}\n".encode())
    return digest.hexdigest()
