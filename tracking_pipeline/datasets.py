"""Data sets in MLflow: a name, a source and a digest. The data itself stays where it is."""

from pathlib import Path

import mlflow
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource  # type: ignore[attr-defined]  # made when mlflow is imported

LONGEST_DIGEST = 36  # that MLflow's database takes


def record_dataset(path: Path, name: str, sha256: str, context: str) -> None:
    """Record in the active run that a file or folder was read or written.

    The digest is ours. MLflow would make one of a frame in memory: of its first 10,000 rows, or, for polars, a sum
    that is the same in any order.
    """
    source = LocalArtifactDatasetSource(str(path.resolve()))
    dataset = MetaDataset(source, name=name, digest=sha256[:LONGEST_DIGEST])  # type: ignore[abstract]  # it is not
    mlflow.log_input(dataset, context=context)
