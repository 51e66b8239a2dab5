"""Print what `build` and `train` do with a lake that is copied, changed and restated, as JSON.

The tests run this in the environment that has Airflow: python -m tests.data_pipeline.gate FOLDER
"""

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
from airflow.sdk.exceptions import AirflowFailException

from churn.__main__ import solve
from churn.collect import collect
from churn.harness.command import OperatorData
from churn.lake import partition
from churn.process import process
from churn.simulator.exports import export
from churn.simulator.faults import break_export
from churn.simulator.world import World
from churn.storage.atomic import sha256_of
from churn.storage.months import month_range
from churn.tables import LABEL
from churn.validate import validate
from data_pipeline.assets import MODEL
from data_pipeline.build import build
from data_pipeline.train import train

WORLD = World(customers=500, months=4)
CHANGED = "2025-03"
SCORED = WORLD.all_months()[-1]


class Events(dict[Any, Any]):
    """Keep what a task tells about its outlets."""

    def __missing__(self, asset: Any) -> SimpleNamespace:
        return self.setdefault(asset, SimpleNamespace())


def use(lake: Path) -> None:
    """Make it the lake of all tasks."""
    os.environ |= {"AIRFLOW_VAR_CHURN_LAKE": str(lake), "AIRFLOW_VAR_CHURN_FIRST_MONTH": WORLD.first_month}


def gate(lake: Path) -> str:
    """Return "open", or the sentence with which `build` fails."""
    use(lake)
    try:
        build.function(partition_key=SCORED)
    except AirflowFailException as problem:
        return str(problem)
    return "open"


def months_learnt_from(lake: Path, month: str) -> dict[str, list[str]]:
    """Build the training tables of a month, and return the months that are in each."""
    use(lake)
    build.function(partition_key=month)
    tables = {name: partition(lake, "training", month) / f"{name}.parquet" for name in ("train", "holdout")}
    return {name: sorted(set(pl.read_parquet(file)["month"])) for name, file in tables.items()}


def trained(lake: Path) -> dict[str, Any]:
    """Train, and return the model's digest, its threshold, and the scores that its asset gets."""
    use(lake)
    events = Events()
    train.function(partition_key=SCORED, outlet_events=events)
    folder = partition(lake, "model", SCORED)
    threshold = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["threshold"]
    return {"model": sha256_of(folder / "model.skops"), "threshold": threshold, "scores": events[MODEL].extra}


def trained_with_other_outcomes(lake: Path) -> dict[str, Any]:
    """Train again, with a hold-out month in which those who stayed left, and the other way round."""
    holdout = partition(lake, "training", SCORED) / "holdout.parquet"
    pl.read_parquet(holdout).with_columns(~pl.col(LABEL)).write_parquet(holdout)
    return trained(lake)


def copied(lake: Path, name: str) -> Path:
    """Return a copy of the lake without the times of its files, as `cp -r` makes one."""
    return Path(shutil.copytree(lake, lake.with_name(name), copy_function=shutil.copyfile))


def main() -> None:
    folder = Path(sys.argv[1])
    export(WORLD, folder / "source")
    solve(OperatorData(folder / "source", WORLD.all_months(), WORLD.seed), folder / "plain")
    lake = folder / "plain" / "lake"
    copy = copied(lake, "copy")
    answers: dict[str, Any] = {"as made": gate(lake), "copied": gate(copy)}
    answers["learnt from"] = {month: months_learnt_from(copy, month) for month in WORLD.all_months()[2:]}
    answers["trained"] = [trained(copy), trained_with_other_outcomes(copy)]

    break_export(folder / "source" / f"month={CHANGED}", "negative_minutes")  # so few that the contract holds
    collect(folder / "source", lake, CHANGED)
    validate(lake, CHANGED)
    answers |= {"changed": gate(lake), "changed and copied": gate(copied(lake, "changed"))}

    for month in month_range("2025-02", SCORED):
        process(lake, month)
    answers["made again"] = gate(lake)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
