import os
import shutil
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
from tracking_pipeline.record import month_run
from tracking_pipeline.safety.store import open_store

ROOT = Path(__file__).parents[2]
SMALL = World(customers=CUSTOMERS)
SMALL_WORLD = [f"--customers={SMALL.customers}", f"--month={MONTH}"]
NAME = f"churn-{SMALL.name}"


def command(*words: str, runs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the pipeline's commands in its own process."""
    return subprocess.run(
        [sys.executable, "-m", "tracking_pipeline", *words, f"--runs={runs}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")} | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the small world to the place where the commands look for it: runs/world/."""
    folder = tmp_path_factory.mktemp("tracking runs")
    source = folder / "world" / SMALL.name / "source"
    export(SMALL, source, [month for month in SMALL.all_months() if month <= MONTH])
    return source


@pytest.fixture(scope="session")
def told(demos: Demos) -> Path:
    """Return the runs folder after the demo has run once, on SQLite."""
    (demos.runs / "printed.txt").write_text(demos.run("tracking").stdout, encoding="utf-8")
    return demos.runs


@pytest.fixture
def client(told: Path) -> Iterator[MlflowClient]:
    """Make MLflow look at the demo's store."""
    open_store(told / "tracking", NAME)
    yield MlflowClient()
    mlflow.set_tracking_uri("")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store for all tests that do not need their own: making one takes seconds."""
    folder = tmp_path_factory.mktemp("a store")
    if database := os.environ.get("EMPTY_STORE"):  # tools/mutants.py makes one for thousands of sessions
        shutil.copy(database, folder / "mlflow.db")
    return folder


@pytest.fixture
def name(store: Path) -> Iterator[str]:
    """Open an empty experiment and registered model."""
    name = f"test-{uuid4().hex[:8]}"
    open_store(store, name)
    yield name
    mlflow.set_tracking_uri("")


@pytest.fixture
def may(name: str) -> Iterator[str]:
    """Open an empty experiment and registered model, and a run of the month 2025-05 in it."""
    with month_run("2025-05", 7):
        yield name


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    """Make up customers, for tests that need a model, but not a good one."""
    rng = np.random.default_rng(0)
    numbers = {name: rng.uniform(5, 50, 400) for name in NUMERIC_FEATURES}
    words = {name: rng.choice(["one", "two"], 400) for name in CATEGORICAL_FEATURES}
    return pl.DataFrame({**numbers, **words, LABEL: rng.random(400) < numbers["monthly_charge_eur"] / 100})
