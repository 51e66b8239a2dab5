"""`make demo-together`: two months, one cut short; a bad challenger; and what each engine has recorded of it."""

import json
import shutil
from datetime import UTC, datetime
from typing import Any

import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.report import STAGES, Report, Stage, report_on
from churn.harness.terminal import console, print_scores, print_table, progress_bar, styled
from churn.harness.unfinished import unfinished
from churn.lake import parquet_in, partition
from churn.simulator.delivery import deliver
from churn.tables import FEWEST_MONTHS_TO_LEARN
from churn.train import training_and_holdout
from data_pipeline.local_airflow.backfills import backfill
from data_pipeline.local_airflow.client import Records
from data_pipeline.local_airflow.start import AIRFLOW_VERSION, Airflow
from together.story.settings import Nest, images_are_built, versions_of_engines
from together.story.timeline import draw

CUT = "cut_month"
MODELS = "models"


def demo(nest: Nest) -> None:
    """Run the story, write the report and the plot, and say where to look."""
    with unfinished(nest.folder):
        forget(nest)
        if nest.size == "four":
            images_are_built(nest)
        airflow = nest.airflow()
        with nest.servers() as servers, airflow.running(start_over=True):
            console.print(f"Airflow {AIRFLOW_VERSION} on {airflow.url}, MLflow on {servers['tracking']}, ", end="")
            console.print(f"the endpoint on {servers['endpoint']}", soft_wrap=True)
            two_months(nest, airflow)
            with progress_bar("a bad challenger", 1, "together") as bar:
                story = nest.ask("together.story.bad_challenger", f"--month={nest.data.newest}")
                bar.advance()
            records = nest.ask("together.story.records", f"--month={nest.data.newest}")
            runs, tasks = airflow.api.runs(), airflow.api.task_instances()
        report = write_report(nest, tasks, records)
        picture = draw(nest.folder, tasks, records, nest.size)
        print_story(nest, runs, records, story)
        print_scores(report)
        console.print(f"who did what when: {picture}", soft_wrap=True)
        console.print(f"report: {nest.folder / 'report.json'}", soft_wrap=True)
        console.print(f"next: make ui-together{' NEST=two' if nest.size == 'two' else ''}")


def forget(nest: Nest) -> None:
    """Delete what an earlier run left, but its report: the store, the hand-overs, the graph's steps."""
    for name in ("tracking", "handover", "kfp"):
        shutil.rmtree(nest.folder / name, ignore_errors=True)


def two_months(nest: Nest, airflow: Airflow) -> None:
    """Load the history, train in the first month, close the gate on half of the second, and correct it."""
    data = nest.data
    first, newest, previous = data.months[0], data.newest, data.holdout_month
    deliver(data, airflow.folder / "source", broken=newest, fault=CUT)
    pause(airflow, MODELS, True)  # while the history is loaded: nobody wants a model per past month
    if len(data.months) > 2:
        backfill(airflow, "exports", first, data.months[-3])
    pause(airflow, MODELS, False)
    backfill(airflow, "exports", previous, previous, then=", its model")
    backfill(airflow, "exports", newest, newest, may_fail=frozenset({("exports", newest)}))
    for line in (airflow.folder / "incidents.log").read_text(encoding="utf-8").splitlines():
        console.print(styled(("incident", "red"), f" {line}"), soft_wrap=True)
    if len(data.months) > FEWEST_MONTHS_TO_LEARN:
        console.print(f"{newest} is missing, so the model and the predictions of {previous} stay live")
    earlier = {run["dag_run_id"] for run in airflow.api.runs()}
    deliver(data, airflow.folder / "source")
    console.print(f"the operator sent all of {newest}: that month and everything downstream run again")
    backfill(airflow, "exports", newest, newest, again="failed", then=", its model")
    ran = sorted(
        f"{run['dag_id']} {run['partition_key']}" for run in airflow.api.runs() if run["dag_run_id"] not in earlier
    )
    console.print(f"ran after the correction: {', '.join(ran)}")


def pause(airflow: Airflow, dag: str, paused: bool) -> None:
    """Pause a DAG, or let it run. While it is paused, events start no runs of it, and none later either."""
    airflow.api.patch(f"dags/{dag}", {"is_paused": paused})
    if not paused:
        airflow.followed["features"] = ("features", datetime.now(UTC).isoformat())


def write_report(nest: Nest, tasks: Records, records: dict[str, Any]) -> Report:
    """Write the report that every pipeline writes; the seconds are those of the engine that ran the stage."""
    lake, data = nest.folder / "lake", nest.data
    seconds = dict.fromkeys(STAGES, 0.0)
    for task in tasks:
        if task["task_id"] in seconds:
            seconds[task["task_id"]] += task["duration"] or 0.0
    for steps in sorted((nest.folder / "kfp").glob("????-??.json")):
        for step in json.loads(steps.read_text(encoding="utf-8")):
            seconds[step["name"]] += step["seconds"]
    scores = json.loads((partition(lake, "model", data.newest) / "scores.json").read_text(encoding="utf-8"))
    baseline = {name: value for name, value in scores.items() if name != "threshold"}
    return report_on(
        nest.folder,
        data,
        engine=versions_of_engines(nest),
        isolation="container" if nest.size == "four" else "process",
        stages=[Stage(name, round(total, 3), "ok") for name, total in seconds.items()],
        fingerprint=data_fingerprint(lake, data.newest),
        predictions=pl.read_parquet(parquet_in(partition(lake, "predictions", data.newest))),
        baseline=baseline,
        ceiling=ceiling_roc_auc(data.truth, training_and_holdout(lake, data.newest)[1]),
        best={name: records["live"]["scores"][name] for name in baseline},
        best_predictions=pl.read_parquet(parquet_in(partition(lake, "live", data.newest))),
        artifacts={
            "predictions": "predictions.parquet",
            "live_predictions": f"lake/live/month={data.newest}/live.parquet",
            "timeline": "timeline.png",
        },
    )


def print_story(nest: Nest, runs: Records, records: dict[str, Any], story: dict[str, Any]) -> None:
    """Print the runs of the model half, the decisions, and the endpoint's answers."""
    models = [run for run in runs if run["dag_id"] == MODELS]
    print_table(
        "what Airflow set off",
        ["month", "run of models", "seconds"],
        [[run["partition_key"], run["state"], f"{run['duration'] or 0:.1f}"] for run in models],
        "together",
    )
    print_table(
        "what went live, and why",
        ["month", "version", "decision", "live", "because"],
        [[made[name] for name in ("month", "version", "what", "live", "reasons")] for made in records["decisions"]],
        "together",
    )
    moves = ["before", "forced", "rolled back"]
    print_table(
        "the endpoint's answers, without a restart",
        ["alias", "version", "customer 1", "customer 2", "customer 3", "after, s"],
        [
            [move, answer["version"], *(f"{each:.4f}" for each in answer["probabilities"]), f"{answer['seconds']:.1f}"]
            for move, answer in zip(moves, story["answers"], strict=True)
        ],
        "together",
    )
