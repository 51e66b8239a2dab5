import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import mlflow
import numpy as np
import polars as pl
import pytest
from mlflow import MlflowClient

from churn.simulator.exports import export
from churn.simulator.world import World
from churn.tables import CATEGORICAL_FEATURES, LABEL, NUMERIC_FEATURES
from tests.demos import CUSTOMERS, MONTH, Demos
from tracking_pipeline.safety.store import open_store

ROOT = Path(__file__).parents[2]
SMALL = World(customers=CUSTOMERS)
SMALL_WORLD = [f"--customers={SMALL.customers}", f"--month={MONTH}"]
NAME = f"churn-{SMALL.name}"


def command(module: str, *words: str, runs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the pipeline's commands in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", module, *words, f"--runs={runs}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")} | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world's exports, where the commands look for them: runs/world/."""
    folder = tmp_path_factory.mktemp("tracking runs")
    source = folder / "world" / SMALL.name / "source"
    export(SMALL, source, [month for month in SMALL.all_months() if month <= MONTH])
    return source


@pytest.fixture(scope="session")
def told(demos: Demos) -> Path:
    """The runs folder after the demo was run once, on SQLite."""
    (demos.runs / "said.txt").write_text(demos.run("tracking").stdout, encoding="utf-8")
    return demos.runs


@pytest.fixture
def client(told: Path) -> Iterator[MlflowClient]:
    """MLflow looking at the demo's store."""
    open_store(told / "tracking", NAME)
    yield MlflowClient()
    mlflow.set_tracking_uri("")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for all tests that need none of their own: making one takes seconds."""
    return tmp_path_factory.mktemp("a store")


@pytest.fixture
def name(store: Path) -> Iterator[str]:
    """An empty experiment and registered model, which MLflow is looking at."""
    name = f"test-{uuid4().hex[:8]}"
    open_store(store, name)
    yield name
    mlflow.set_tracking_uri("")


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    """Customers made up, for tests that need a model, but not a good one."""
    rng = np.random.default_rng(0)
    numbers = {name: rng.uniform(5, 50, 400) for name in NUMERIC_FEATURES}
    words = {name: rng.choice(["one", "two"], 400) for name in CATEGORICAL_FEATURES}
    return pl.DataFrame({**numbers, **words, LABEL: rng.random(400) < numbers["monthly_charge_eur"] / 100})
