"""Save a model to a file that you can open without trusting its author.

A pickle runs code when you open it. A skops file cannot, as long as it brings only types that skops knows and the few
that review.py lists. Many examples pass `get_untrusted_types()` back as `trusted`, which switches the protection off.
"""

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import polars as pl
from numpy.typing import NDArray
from skops import io as skops
from skops.io.exceptions import UntrustedTypesFoundException
from threadpoolctl import threadpool_limits

from churn.harness.errors import BadInput
from churn.storage.model_file import raise_if_different_scikit_learn
from model_pipeline.model_file.review import TRUSTED, is_sound


def save_model(model: Any, path: Path) -> None:
    skops.dump(model, path, compression=ZIP_DEFLATED)


def load_model(path: Path) -> Any:
    """Open a model file of ours.

    Raises BadInput if it is not one, is far too large, was made with a different scikit-learn, or brings a type that we
    did not review.
    """
    if not path.is_file():
        raise BadInput(f"there is no model file {path}: make demo-model makes one")
    try:
        raise_if_different_scikit_learn(path, str(path), "learn from your table again")
        model = skops.load(path, trusted=list(TRUSTED))
        sound = is_sound(model)
    except UntrustedTypesFoundException as refused:
        strangers = ", ".join(sorted(set(skops.get_untrusted_types(file=path)) - TRUSTED.keys()))
        raise BadInput(f"{path} is not opened: it brings types that we did not review ({strangers})") from refused
    except BadInput:
        raise
    except Exception as error:  # a foreign file can break in any way, and none of them is our bug
        raise BadInput(f"{path} is not a model file of this pipeline ({type(error).__name__})") from error
    if not sound:
        raise BadInput(f"{path} holds no model of this pipeline: make demo-model makes one")
    return model


def positive_probability(model: Any, rows: pl.DataFrame) -> NDArray[np.float64]:
    """Return the probability of `model.pos_label`, the outcome of any table, shape (n,), in the order of `rows`."""
    positive = list(model.classes_).index(model.pos_label)
    with threadpool_limits(1):  # the order of a sum must not depend on the machine
        return np.asarray(model.predict_proba(rows)[:, positive])
