"""Compare a table with its declared columns, and two versions of a file with each other."""

import re
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

ALIASES = {  # what pandas and Arrow call the types of Polars
    "object": "String",
    "str": "String",
    "utf8": "String",
    "large_string": "String",
    "bool": "Boolean",
    "int": "Int64",
    "float": "Float64",
    "double": "Float64",
    "category": "Categorical",
    "date32": "Date",
}
MOST_ROWS_TO_SORT = 1_000_000
BY_CHANCE = "fix the seed, and take dates from parameters instead of the clock"


def problem_of_table(path: Path, columns: dict[str, str]) -> str:
    """Return how a table differs from its declared columns, in words; "" if it does not, or is no table.

    The order of columns does not count. In CSV, a declared type only has to fit the text.
    """
    if path.suffix == ".parquet":
        found = _schema_of(path)
    elif path.suffix in (".arrow", ".feather"):
        found = pl.Schema(pl.read_ipc_schema(path))
    elif path.suffix == ".csv":
        return _problem_of_csv(path, columns)
    else:
        return ""
    if found is None:
        return "it is no Parquet file that can be read"
    if problem := _problem_of_names([*found], columns):
        return problem
    for name, kind in found.items():
        if not same_type(str(kind), columns[name]):
            return f"{name} is {kind}, declared is {columns[name]}"
    return ""


def same_type(found: str, declared: str) -> bool:
    """Return whether a type of Polars is the declared one, which may have the name that pandas or Arrow uses."""
    found, declared = found.strip(), declared.strip()
    plain = re.sub(r"\[pyarrow\]$", "", declared)
    wanted = ALIASES.get(plain.lower(), plain)
    kinds = {found.lower(), found.partition("(")[0].lower()}
    return wanted.lower() in kinds or wanted.partition("[")[0].lower() in (kinds if "64[" in wanted else ())


def difference(mine: Path, theirs: Path) -> tuple[str, str] | None:
    """Return how two versions of a file differ, and what to do about it; None if their bytes are equal."""
    if mine.read_bytes() == theirs.read_bytes():
        return None
    try:
        left, right = _table(mine), _table(theirs)
    except (KeyError, PolarsError):
        return "the two runs differ", BY_CHANCE
    if left.schema != right.schema:
        return "its columns differ", "make them depend on the inputs only"
    if len(left) != len(right):
        return (
            f"it has {len(left)} rows, then {len(right)}",
            BY_CHANCE,
        )
    if len(left) <= MOST_ROWS_TO_SORT and left.sort(pl.all()).equals(right.sort(pl.all())):
        return "the same rows in a different order", "sort them before you write"
    changed = [name for name in left.columns if not left[name].equals(right[name])]
    if not changed:
        return "the rows are equal, the bytes are not", "write no time and no path into the file"
    return f"the column {changed[0]} differs", BY_CHANCE


def _table(path: Path) -> pl.DataFrame:
    """Read a table. Raise KeyError for a kind of file that is none."""
    read = {".parquet": pl.read_parquet, ".csv": pl.read_csv}[path.suffix]
    return read(path, glob=False)  # type: ignore[operator]  # both take it


def _schema_of(path: Path) -> pl.Schema | None:
    try:
        return pl.Schema(pl.read_parquet_schema(path))
    except (PolarsError, OSError):
        return None


def _problem_of_names(found: list[str], columns: dict[str, str]) -> str:
    if lacking := [name for name in columns if name not in found]:
        return f"the column {lacking[0]} is missing (it has {', '.join(found)})"
    if extra := [name for name in found if name not in columns]:
        return f"the column {extra[0]} is not declared"
    return ""


def _problem_of_csv(path: Path, columns: dict[str, str]) -> str:
    try:
        table = pl.read_csv(path, infer_schema=False, glob=False)
        if problem := _problem_of_names(table.columns, columns):
            return problem
        guessed = pl.read_csv(path, try_parse_dates=True, infer_schema_length=None, glob=False)
    except PolarsError as error:
        return f"it cannot be read as CSV ({str(error).splitlines()[0]})"
    for name, kind in guessed.schema.items():
        if not _fits(kind, columns[name]) and guessed[name].null_count() < len(guessed):
            return f"{name} is {kind}, declared is {columns[name]}"
    return ""


def _fits(kind: pl.DataType, declared: str) -> bool:
    """Return whether text that looks like `kind` can be the declared type: a whole number may be a float, or text."""
    wanted = ALIASES.get(declared.lower(), declared).lower()
    family = re.sub(r"[\d(\[].*", "", wanted)
    if family in ("string", "categorical", "enum"):
        return True
    if kind.is_integer():
        return family in ("int", "uint", "float", "decimal", "duration")
    if kind.is_float():
        return family in ("float", "decimal")
    return same_type(str(kind), declared) or (str(kind) == "Date" and family == "datetime")
