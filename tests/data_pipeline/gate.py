"""Print what the gate of `build` answers for a lake that is copied, changed and restated, as JSON.

The tests run this in the environment that has Airflow: python -m tests.data_pipeline.gate FOLDER
"""

import json
import os
import shutil
import sys
from pathlib import Path

from airflow.sdk.exceptions import AirflowFailException

from churn.__main__ import solve
from churn.collect import collect
from churn.harness.command import OperatorData
from churn.process import process
from churn.simulator.exports import export
from churn.simulator.faults import break_export
from churn.simulator.world import World
from churn.storage.months import month_range
from churn.validate import validate
from data_pipeline.build import build

WORLD = World(customers=500, months=4)
CHANGED = "2025-03"
SCORED = WORLD.all_months()[-1]


def gate(lake: Path) -> str:
    """Return "open", or the sentence with which `build` fails."""
    os.environ |= {"AIRFLOW_VAR_CHURN_LAKE": str(lake), "AIRFLOW_VAR_CHURN_FIRST_MONTH": WORLD.first_month}
    try:
        build.function(partition_key=SCORED)
    except AirflowFailException as problem:
        return str(problem)
    return "open"


def copied(lake: Path, name: str) -> Path:
    """Return a copy of the lake without the times of its files, as `cp -r` makes one."""
    return Path(shutil.copytree(lake, lake.with_name(name), copy_function=shutil.copyfile))


def main() -> None:
    folder = Path(sys.argv[1])
    export(WORLD, folder / "source")
    solve(OperatorData(folder / "source", WORLD.all_months(), WORLD.seed), folder / "plain")
    lake = folder / "plain" / "lake"
    answers = {"as made": gate(lake), "copied": gate(copied(lake, "copy"))}

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
