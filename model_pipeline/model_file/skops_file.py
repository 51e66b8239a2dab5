"""The model as a file that can be opened without trusting whoever made it.

A pickle runs code when it is opened. A skops file cannot, as long as nobody lets it bring types of its own: it
may hold what skops knows, and the few types that review.py lists. Passing `get_untrusted_types()` back as
`trusted`, as many examples do, would switch the protection off.
"""

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

from skops import io as skops
from skops.io.exceptions import UntrustedTypesFoundException

from churn.harness.errors import BadInput
from model_pipeline.model_file.review import TRUSTED, is_sound


def save_model(model: Any, path: Path) -> None:
    skops.dump(model, path, compression=ZIP_DEFLATED)


def load_model(path: Path) -> Any:
    """Open a model file of ours. Raises BadInput if it is another kind of file, or brings a type nobody reviewed."""
    if not path.is_file():
        raise BadInput(f"there is no model file {path}: make demo-model makes one")
    try:
        model = skops.load(path, trusted=list(TRUSTED))
        sound = is_sound(model)
    except UntrustedTypesFoundException as refused:
        strangers = ", ".join(sorted(set(skops.get_untrusted_types(file=path)) - TRUSTED.keys()))
        raise BadInput(f"{path} is not opened: it brings types that nobody here reviewed ({strangers})") from refused
    except Exception as error:  # a foreign file can break in any way, and none of them is our bug
        raise BadInput(f"{path} is not a model file of this pipeline ({type(error).__name__})") from error
    if not sound:
        raise BadInput(f"{path} holds no model of this pipeline: make demo-model makes one")
    return model
