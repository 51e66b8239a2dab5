"""Run the answer's task for months that the answer does not know, and look at the table after each run."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.context import Context

from workshop.answer import Answer, NotYet

SEE = "churn/lake.py, new_partition; data_pipeline/collect.py"
MONTHS = {"2024-11": [4, 8, 15], "2024-10": [16, 23], "2024-12": [42]}  # backfilled in this order
CORRECTED = [15, 108]


def check(answer: Answer) -> str:
    load = task_of(answer)
    send(f"{datetime.now():%Y-%m}", [23])
    for month, customers in MONTHS.items():
        send(month, customers)
        run(load, month)
    raise_if_not_the_run_s_month()
    for month, customers in MONTHS.items():
        if month not in table():
            raise NotYet("other months are gone: a run may replace only the folder of its month", SEE)
        if table()[month] != customers:
            raise NotYet(f"{month} should have the customers {customers}, but has {table()[month]}", SEE)

    run(load, "2024-11")
    if len(table().get("2024-11", [])) > len(MONTHS["2024-11"]):
        raise NotYet(
            f"running a month twice doubled it: 2024-11 has {len(MONTHS['2024-11'])} cancellations, but the table has "
            f"{table()['2024-11']}. The task adds to the rows that it finds",
            SEE,
        )
    send("2024-11", CORRECTED)
    run(load, "2024-11")
    raise_if_not_corrected(table().get("2024-11", []))

    export("2024-11").write_bytes(b"half a fi")
    raised = raises(load, "2024-11")
    if table().get("2024-11") != CORRECTED:
        raise NotYet("a damaged export came, and the old month was deleted before the new one was there", SEE)
    if not raised:
        raise NotYet("a damaged export came, and the task succeeded anyway: nobody will hear of it. Let it raise", SEE)
    if table() != {**MONTHS, "2024-11": CORRECTED}:
        raise NotYet(f"in the end the table should have {MONTHS | {'2024-11': CORRECTED}}, but has {table()}", SEE)
    return (
        "Six runs: a backfill out of order, a re-run, a correction and a damaged export. The table was right each time."
    )


def task_of(answer: Answer) -> Any:
    """Return the task `load` from the DAG that Airflow finds in the file."""
    assert answer.module  # raises the error of a broken file, which the DagBag would hide
    for dag in DagBag(dag_folder=answer.path, bundle_path=answer.path.parent).dags.values():
        if "load" in dag.task_ids:
            return dag.get_task("load")
    raise NotYet("the check looks for a DAG with a task called load, but your file no longer has one")


def run(load: Any, month: str) -> None:
    load.prepare_for_execution().execute(Context(partition_key=month))  # a copy, as in Airflow


def raises(load: Any, month: str) -> bool:
    try:
        run(load, month)
    except Exception:
        return True
    return False


def raise_if_not_the_run_s_month() -> None:
    strangers = sorted(set(table()) - set(MONTHS))
    if strangers:
        raise NotYet(
            f"runs for {', '.join(sorted(MONTHS))} wrote to {', '.join(strangers)}: the clock says when a run happens, "
            'not what it is about. Its month is context["partition_key"]',
            SEE,
        )


def raise_if_not_corrected(customers: list[int]) -> None:
    if customers == CORRECTED:
        return
    if customers == MONTHS["2024-11"]:
        raise NotYet("the corrected export never arrived: the task skips a month that is already there", SEE)
    if set(CORRECTED) < set(customers):
        raise NotYet(
            f"rows that the corrected export no longer has are still there: it has {CORRECTED}, but the table has "
            f"{customers}",
            SEE,
        )
    raise NotYet(f"after the correction 2024-11 should have the customers {CORRECTED}, but has {customers}", SEE)


def send(month: str, customers: list[int]) -> None:
    export(month).parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"customer_id": customers}).write_parquet(export(month))


def export(month: str) -> Path:
    return Path("exports") / f"month={month}" / "cancellations.parquet"


def table() -> dict[str, list[int]]:
    """Return the customers in the table by month. Readers take all Parquet files in a month's folder."""
    found = {}
    for folder in sorted(Path("table").glob("month=*")):
        files = sorted(folder.glob("*.parquet"))
        rows = [row for file in files for row in pl.read_parquet(file, hive_partitioning=False)["customer_id"]]
        found[folder.name.removeprefix("month=")] = sorted(rows)
    return found
