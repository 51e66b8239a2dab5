"""Choose the file for the predictions on a CSV."""

from pathlib import Path

from churn.harness.errors import BadInput

OURS = ["churn_probability", "churn_predicted"]  # the columns that `predict` adds


def output_file(out: Path | None, customers: Path, model: Path) -> Path:
    """Return `out`, or by default a file next to `customers`.

    Raises BadInput if it is one of the files to read, or cannot be written.
    """
    if out is None:
        stem = customers.name.removesuffix(".gz").removesuffix(".csv")
        out = customers.with_name(f"{stem}.predictions.csv")
    for given in (customers, model):
        if out.exists() and given.exists() and out.samefile(given):
            raise BadInput(f"{out} is a file to read from: choose another --out, nothing was written")
    if out.is_dir():
        raise BadInput(f"{out} cannot be written: it is a folder")
    if not out.parent.is_dir():
        raise BadInput(f"{out} cannot be written: there is no folder {out.parent}")
    return out
