from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from churn.harness.command import OperatorData
from churn.simulator.exports import export
from churn.simulator.world import World
from model_pipeline.__main__ import solve
from model_pipeline.build import search_space
from model_pipeline.own_table.columns import Columns, Table
from model_pipeline.own_table.fit import fit_best

WORLD = World(customers=600, first_month="2025-01", months=8, seed=3)
NEWEST = WORLD.last_month
COLUMNS = Columns(["tenure", "charge"], ["plan"], {"joined": "%Y-%m-%d"})


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """On a busy machine, the threads of one small fit wait for each other, and each wait burns processor time."""
    with threadpool_limits(1):
        yield


@dataclass(frozen=True)
class Run:
    """A finished run of the pipeline on the small world. Nobody changes its files."""

    source: Path
    folder: Path

    @property
    def lake(self) -> Path:
        return self.folder / "lake"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    world = tmp_path_factory.mktemp("world")
    export(WORLD, world / "source")
    folder = tmp_path_factory.mktemp("runs") / "model"
    solve(OperatorData(world / "source", WORLD.all_months(), WORLD.seed), folder)
    return Run(world / "source", folder)


@pytest.fixture(scope="session")
def customers() -> pl.DataFrame:
    """400 customers who leave for a reason, with blanks, as text: what a CSV would give."""
    rng = np.random.default_rng(0)
    tenure, charge = rng.integers(0, 60, 400), rng.normal(60, 20, 400).clip(5).round(2)
    plan = rng.choice(["basic", "plus", "max"], 400)
    leaves = rng.random(400) < 1 / (1 + np.exp(-(charge - 60) / 15 + tenure / 12 - (plan == "basic")))
    joined = [f"20{15 + year}-03-{1 + day:02d}" for year, day in zip(tenure // 12, tenure % 28, strict=True)]
    table = pl.DataFrame(
        {"tenure": tenure, "charge": charge, "plan": plan, "joined": joined, "churn": np.where(leaves, "Yes", "No")}
    ).cast(pl.String)
    blank = pl.int_range(pl.len()) % 17 == 0
    return table.with_columns(pl.when(~blank).then(pl.col("charge", "plan")))


@pytest.fixture(scope="session")
def table(customers: pl.DataFrame) -> Table:
    charge = customers["charge"].cast(pl.Float64).fill_null(60.0).to_numpy()
    return Table(
        rows=customers.drop("churn"),
        outcome=customers["churn"].to_numpy().astype(str),
        positive="Yes",
        monthly_charge=charge,
        period=None,
    )


@pytest.fixture(scope="session")
def model_of_family(table: Table) -> Callable[[str], object]:
    """The deployed model of either family: "splines" or "trees"."""
    made: dict[str, object] = {}

    def of_family(family: str) -> object:
        if family not in made:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("model_pipeline.build.search_space", lambda *pipelines: [only(family, *pipelines)])
                made[family] = fit_best(table, COLUMNS, seed=1)[0]
        return made[family]

    return of_family


def only(family: str, splines: Pipeline, trees: Pipeline) -> dict[str, object]:
    """The search space of one family."""
    return search_space(splines, trees)[0 if family == "splines" else 1]
