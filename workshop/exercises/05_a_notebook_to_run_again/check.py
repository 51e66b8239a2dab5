"""Run the notebook as papermill does: from a fresh start, with parameters inserted below the tagged cell.

How papermill handles parameters: https://papermill.readthedocs.io/en/latest/usage-parameterize.html
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from churn.lake import parquet_in, partition
from workshop.answer import Answer, NotYet

SEE = "churn/process.py, process; STAGES.md"
MONTHS = ["2024-05", "2024-06", "2025-11"]
ASKED = MONTHS[1]
AUTHORS_LAKE = Path("runs/plain/lake")


@dataclass(frozen=True)
class Cell:
    number: int
    line: int
    heading: str
    source: str


def check(answer: Answer) -> str:
    lake, output = Path("a learner's lake").absolute(), Path("results/by plan.csv").absolute()
    output.parent.mkdir()
    for seed, folder in enumerate((lake, AUTHORS_LAKE)):
        for month in MONTHS:
            write_month(folder, month, seed)
    here = files()
    run(answer, {"lake": str(lake), "month": ASKED, "output": str(output)})
    if not output.is_file():
        elsewhere = sorted(files() - here)
        if elsewhere:
            raise NotYet(
                f"the result went to {', '.join(elsewhere)}: write a notebook's output to `output`, or the next step "
                "will not find it",
                SEE,
            )
        raise NotYet(
            "the result is shown, but not written: a job at night shows it to nobody. Write it to `output`", SEE
        )
    raise_if_another_answer(pl.read_csv(output), lake)
    return f"The notebook ran from the top for {ASKED}, on a new lake, and wrote its result to `output`."


def run(answer: Answer, parameters: dict[str, str]) -> None:
    cells = cells_of(answer.text)
    tagged = [cell for cell in cells if re.search(r"tags\s*=\s*\[[^]]*[\"']parameters[\"']", cell.heading)]
    if not tagged:
        raise NotYet(
            'no cell is tagged as parameters: nobody can choose the month. Its first line: # %% tags=["parameters"]',
            SEE,
        )
    names: dict[str, object] = {"display": print}
    for cell in cells:
        code = compile("\n" * cell.line + cell.source, str(answer.path), "exec")
        try:
            exec(code, names)
        except NameError as error:
            raise explained(error, cell, cells) from error
        if cell is tagged[0]:
            declared = parameters.keys() & names.keys()
            names.update(parameters)
    if missing := sorted(parameters.keys() - declared):
        raise NotYet(
            f"the cell tagged parameters does not declare {' and '.join(missing)}: a user cannot set it",
            SEE,
        )


def cells_of(text: str) -> list[Cell]:
    """Return the code cells of a notebook in percent format. The lines above the first marker are a cell, too."""
    lines = text.splitlines()
    starts = sorted({0, *(i for i, line in enumerate(lines) if re.match(r"# ?%%", line))})
    cells = [
        Cell(number, start, lines[start], "\n".join(lines[start:end]))
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1)
    ]
    return [cell for cell in cells if "[markdown]" not in cell.heading]


def explained(error: NameError, cell: Cell, cells: list[Cell]) -> Exception:
    """Explain a missing name that a later cell makes as hidden state. Return any other error unchanged."""
    later = [other.number for other in cells if other.number > cell.number and error.name in names_made_in(other)]
    if not later:
        return error
    return NotYet(
        f"cell {cell.number} uses {error.name}, which only a later cell makes (cell {later[0]}). It ran for you "
        "because the kernel remembered; a fresh start does not",
        SEE,
    )


def names_made_in(cell: Cell) -> set[str]:
    tree = ast.walk(ast.parse(cell.source))
    return {node.id for node in tree if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def raise_if_another_answer(found: pl.DataFrame, lake: Path) -> None:
    if lacking := {"plan", "customers", "share_left"} - set(found.columns):
        raise NotYet(f"the file has no column {', '.join(sorted(lacking))}: it has {', '.join(found.columns)}")
    if same(found, by_plan(lake, ASKED)):
        return
    for month in MONTHS:
        if same(found, by_plan(lake, month)):
            raise NotYet(
                f"asked for {ASKED}, the notebook answered for {month}: the month is declared, but "
                "a later cell overrides it",
                SEE,
            )
        if same(found, by_plan(AUTHORS_LAKE, month)):
            raise NotYet(
                f"it reads {AUTHORS_LAKE}, whatever lake says: a different machine has a different lake, or none", SEE
            )
    if same(found.sort("plan"), by_plan(lake, ASKED)):
        raise NotYet("only the order is wrong: sort the rows by plan, and the same input always gives the same file")
    begins = found.row(0, named=True) if len(found) else "nothing"
    raise NotYet(f"the table in `output` is not what the task asks for. It begins with {begins}")


def by_plan(lake: Path, month: str) -> pl.DataFrame:
    features, labels = (
        pl.read_parquet(parquet_in(partition(lake, table, month)), hive_partitioning=False)
        for table in ("features", "labels")
    )
    rows = features.join(labels, on="customer_id")
    return rows.group_by("plan").agg(customers=pl.len(), share_left=pl.col("churned").mean()).sort("plan")


def same(found: pl.DataFrame, wanted: pl.DataFrame) -> bool:
    return (
        found["plan"].to_list() == wanted["plan"].to_list()
        and found["customers"].to_list() == wanted["customers"].to_list()
        and np.allclose(found["share_left"].to_numpy(), wanted["share_left"].to_numpy(), atol=0.0006)
    )


def write_month(lake: Path, month: str, seed: int) -> None:
    rng = np.random.default_rng([seed, int(month.replace("-", ""))])
    count = int(rng.integers(150, 300))
    customer_id = np.arange(count)
    features = pl.DataFrame(
        {"customer_id": customer_id, "month": month, "plan": rng.choice(["basic", "plus", "max"], count)}
    )
    labels = pl.DataFrame({"customer_id": customer_id, "month": month, "churned": rng.random(count) < 0.2})
    for table, rows in (("features", features), ("labels", labels)):
        folder = partition(lake, table, month)
        folder.mkdir(parents=True)
        rows.write_parquet(folder / "part-00000.parquet")


def files() -> set[str]:
    return {str(path.relative_to(Path.cwd())) for path in Path.cwd().rglob("*") if path.is_file()}
