"""A model file: skops, because loading one runs no code, unlike a pickle."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import polars as pl
import sklearn
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from skops import io as skops
from threadpoolctl import threadpool_limits

from churn.harness.errors import NO_SPACE, BadInput
from churn.tables import FEATURES

LARGEST_SCHEMA = 32_000_000  # bytes; the largest that we have seen has 2 million
LARGEST_MODEL = 256_000_000


def save_model(model: Any, path: Path) -> None:
    """Write a skops file with the same bytes for the same model, so that its digest identifies the model.

    Image tags and checksums depend on this. skops names objects by their addresses in memory and dates its files. Here
    objects are numbered in order, and files have a zip's default date.
    """
    with ZipFile(BytesIO(skops.dumps(model))) as dumped, ZipFile(path, "w") as written:
        schema = dumped.read("schema.json").decode()
        addresses = dict.fromkeys(re.findall(r'"__id__": (\d+)', schema))
        number = {address: str(place) for place, address in enumerate(addresses)}
        for name in dumped.namelist():
            if name == "schema.json":
                renumbered = re.sub(r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.npy")', lambda m: number[m[0]], schema)
                written.writestr(ZipInfo(name), renumbered)
            else:
                address, ending = name.split(".")
                written.writestr(ZipInfo(f"{number[address]}.{ending}"), dumped.read(name))


def load_model(path: Path) -> Pipeline:
    """Load a model without unpickling.

    Raises BadInput if the file is not a skops file, holds a type that nobody reviewed, was made with a different
    scikit-learn, or was fitted on other columns.
    """
    if not path.is_file():
        raise BadInput(f"there is no model file {path}")
    try:
        raise_if_different_scikit_learn(path, str(path), "run train again")
        untrusted = skops.get_untrusted_types(file=path)
        if untrusted:
            raise BadInput(f"{path} carries types that were never reviewed ({', '.join(untrusted)}): it is not loaded")
        model = skops.load(path)
    except BadInput:
        raise
    except Exception as error:  # skops may fail in any way on a file of unknown origin
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise  # a full disk is not the file's fault
        raise BadInput(f"{path} is not a model file of ours ({type(error).__name__}: {error})") from error
    if list(getattr(model, "feature_names_in_", [])) != FEATURES:
        raise BadInput(f"{path} is not a model file of ours (it was not fitted on {', '.join(FEATURES)})")
    return model


def raise_if_too_large(file: Path) -> None:
    """Raise BadInput if a skops file would unpack to far more than a model needs. A zip lists the sizes at its end.

    A file of 1 MB can hold 1 GB of blanks, or a schema whose lists take 20 times its size in memory.
    """
    with ZipFile(file) as files:
        sizes = {entry.filename: entry.file_size for entry in files.infolist()}
    for what, size, most in (
        ("its schema", sizes.get("schema.json", 0), LARGEST_SCHEMA),
        ("it", sum(sizes.values()), LARGEST_MODEL),
    ):
        if size > most:
            raise BadInput(
                f"{file} is not opened: {what} would unpack to {size:,} bytes, and a model of ours has at most {most:,}"
            )


def raise_if_different_scikit_learn(file: Path, what: str, instead: str) -> None:
    """Raise BadInput if a skops file was made with a scikit-learn other than the one that is running, or is too large.

    The sentence names `what` was made and `instead`, which is what to do. scikit-learn itself only warns, once for each
    estimator, that it might break or predict something else.
    """
    versions: set[str] = set()

    def note(node: dict[str, Any]) -> dict[str, Any]:
        if "_sklearn_version" in node:
            versions.add(json.loads(node["_sklearn_version"]["content"]))
        return node

    raise_if_too_large(file)
    with ZipFile(file) as files:
        json.loads(files.read("schema.json"), object_hook=note)
    if different := versions - {sklearn.__version__}:
        made_with = ", ".join(sorted(different))
        raise BadInput(
            f"{what} was made with scikit-learn {made_with}, but {sklearn.__version__} is running: {instead}, "
            f"or install scikit-learn {made_with}"
        )


def churn_probability(model: Any, rows: pl.DataFrame) -> NDArray[np.float64]:
    """Return the churn probability of each row, shape (n,), from 0 to 1."""
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(rows.select(FEATURES))[:, 1])
