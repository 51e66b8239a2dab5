"""From a served probability back to the raw export: every link is checked by opening what it names.

    make lineage-together CUSTOMER=17 MONTH=2025-12

Each engine knows its own part of the way. MLflow has the model and its runs, Kubeflow's record the image, the hand-over
the tables, Airflow the run that set all off, and the lake the exports. The first link that does not hold is named.
"""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import polars as pl
from docker.errors import ImageNotFound

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.report import predictions_sha256
from churn.lake import parquet_in, partition
from churn.storage.atomic import sha256_of
from churn.storage.made_from import outdated
from together.handover import read_handover
from together.story.question import asked
from tracking_pipeline.deploy import recorded_predictions, scored
from tracking_pipeline.record import LONGEST_DIGEST, find_runs
from tracking_pipeline.registry import load_version, registered_version
from tracking_pipeline.safety.store import store_errors_as_sentences
from workflow_pipeline.artifacts import digest_of
from workflow_pipeline.engine.runner import engine
from workflow_pipeline.images import ROOT


@exit_on_bad_input
def main() -> None:
    arguments, _ = asked("together.story.lineage", "Trace a probability.", "--month", "--customer", "--source")
    with store_errors_as_sentences():
        links = list(chain(arguments.folder.resolve(), arguments.month, arguments.customer, Path(arguments.source)))
    print(json.dumps(links))


def chain(folder: Path, month: str, customer: str, source: Path) -> Iterator[tuple[str, str]]:
    """Yield each link: what it is, and what was found. Raises BadInput, naming the link, at the first broken one."""
    lake = folder / "lake"
    served = pl.read_parquet(parquet_in(partition(lake, "live", month)))
    row = served.filter(pl.col("customer_id").cast(pl.String) == customer)
    probability = row["churn_probability"][0]
    yield "probability", f"{probability:.6f}, customer {customer}, {month}"

    runs = find_runs(f"tags.month = '{month}' AND tags.predictions_sha256 = '{predictions_sha256(served)}'")
    broken_unless(bool(runs), "the scored table", "no run in MLflow recorded it")
    deploy = runs[-1]
    recorded = recorded_predictions(deploy.info.run_id)
    broken_unless(recorded.equals(served), "the scored table", "it is not what the run in MLflow recorded")
    yield "scored table", f"run {deploy.info.run_id}"

    version = registered_version(deploy.data.tags["live_version"])
    again = scored(load_version(version), lake, month).filter(pl.col("customer_id") == row["customer_id"][0])
    broken_unless(
        abs(again["churn_probability"][0] - probability) < 1e-9, f"version {version.version}", "it says other"
    )
    yield "model version", f"{version.name} {version.version}, loaded: the same probability"

    training = mlflow.get_run(str(version.run_id))
    tags = training.data.tags
    learnt_in = tags["month"]
    yield "training run", f"{training.info.run_id}, {training.info.run_name}, {learnt_in}"

    parent = mlflow.get_run(tags["mlflow.parentRunId"])
    data = {
        found.dataset.name: found.dataset.digest for found in (parent.inputs.dataset_inputs if parent.inputs else [])
    }
    rows = partition(lake, "training", learnt_in) / "train.parquet"
    broken_unless(
        rows.is_file() and sha256_of(rows)[:LONGEST_DIGEST] == data.get("train"),
        f"training {learnt_in}",
        "it was changed",
    )
    yield "training partition", f"{rows}, {data['train'][:12]}…"

    yield "image", image_of(parent.data.tags.get("image", "none"))

    handover = read_handover(partition(folder, "handover", learnt_in))
    broken_unless(handover.airflow_run == parent.data.tags["airflow_run"], "the hand-over", "it is of a later run")
    name = f"features/month={learnt_in}"
    yield "hand-over", f"{len(handover.tables)} partitions, {name} {handover.tables[name][:12]}…"
    yield "Airflow run", airflow_run(folder / "airflow" / "airflow.db", handover.airflow_run)

    now = digest_of(partition(lake, "features", learnt_in))
    restated = "" if now == handover.tables[name] else " (restated since: the hand-over keeps what was learnt from)"
    stale = outdated(lake, "features", learnt_in)
    broken_unless(not stale, f"features {learnt_in}", f"not made from {', '.join(stale)} as it is now")
    yield "feature partition", f"{now[:12]}…{restated}, made from the valid rows that are here"

    yield "raw export", raw_export(lake, source, learnt_in, handover.exports)
    yield "commit", commit(handover.commit)


def broken_unless(holds: bool, link: str, why: str) -> None:
    if not holds:
        raise BadInput(f"the chain is broken at {link}: {why}")


def image_of(recorded: str) -> str:
    """Return the image of the training step. Raise BadInput if it is no longer the one with that digest."""
    if recorded == "none":
        return "none: a process of this machine trained it"
    name, digest = recorded.split()
    client = engine()
    if client is None:
        return f"{name}, {digest[:19]}… (not opened: no Docker engine answers)"
    try:
        found = client.images.get(name).id
    except ImageNotFound:
        found = "gone"
    broken_unless(found == digest, f"the image {name}", f"it was {digest[:19]}…, and is {found[:19]}")
    return f"{name}, {digest[:19]}…"


def airflow_run(database: Path, run: str) -> str:
    """Return the state of Airflow's run, from its database."""
    query = "SELECT dag_id, state FROM dag_run WHERE run_id = ?"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as store:
        found = store.execute(query, (run,)).fetchall()
    broken_unless(len(found) == 1, f"Airflow's run {run}", f"{database} does not have it")
    return f"{found[0][0]} {run}: {found[0][1]}"


def raw_export(lake: Path, source: Path, month: str, digests: dict[str, str]) -> str:
    """Compare the month's raw partition with what was handed over, and each of its files with the operator's."""
    checksums = partition(lake, "raw", month) / "checksums.json"
    broken_unless(sha256_of(checksums) == digests[month], f"raw {month}", "it was collected again since")
    files = json.loads(checksums.read_text(encoding="utf-8"))
    for name, sha256 in files.items():
        sent = source / f"month={month}" / name
        broken_unless(sent.is_file() and sha256_of(sent) == sha256, f"the export {month}/{name}", "it was changed")
    return f"{source / f'month={month}'}: {len(files)} files with the recorded checksums"


def commit(recorded: str) -> str:
    """Return the commit, and whether it is here."""
    if recorded == "none":
        return "none: this folder was not under Git"
    known = ["git", "cat-file", "-e", f"{recorded.rstrip('+')}^{{commit}}"]
    done = subprocess.run(known, cwd=ROOT, capture_output=True, check=False)
    broken_unless(done.returncode == 0, f"the commit {recorded}", "this repository does not have it")
    return f"{recorded[:12]}{' and changed files' if recorded.endswith('+') else ''}"


if __name__ == "__main__":
    main()
