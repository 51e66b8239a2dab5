"""A model on disk: skops, so that reading it never runs code, and the same bytes for the same model; and asking it."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from skops import io as skops
from threadpoolctl import threadpool_limits

from churn.harness.errors import BadInput
from churn.tables import FEATURES


def save_model(model: Any, path: Path) -> None:
    """Write a skops file, the same bytes for the same model: a digest of it then says which model it is.

    skops numbers objects by their addresses in memory and dates its files by the clock; here they are numbered as they
    come, and have the date that a zip gives what has none.
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
    """Load a model without unpickling. Raises BadInput if the file is not ours, wants to bring in a type we did not
    review, or was fitted on other columns.
    """
    if not path.is_file():
        raise BadInput(f"there is no model file {path}")
    try:
        untrusted = skops.get_untrusted_types(file=path)
        if untrusted:
            raise BadInput(f"{path} carries types that were never reviewed ({', '.join(untrusted)}): it is not loaded")
        model = skops.load(path)
    except BadInput:
        raise
    except Exception as error:  # a foreign file can break skops in any way
        raise BadInput(f"{path} is not a model file of ours ({type(error).__name__}: {error})") from error
    if list(getattr(model, "feature_names_in_", [])) != FEATURES:
        raise BadInput(f"{path} is not a model file of ours (it was not fitted on {', '.join(FEATURES)})")
    return model


def churn_probability(model: Any, rows: pl.DataFrame) -> NDArray[np.float64]:
    """Shape (n,), each from 0 to 1, in the order of `rows`."""
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(rows.select(FEATURES))[:, 1])
