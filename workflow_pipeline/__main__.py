"""`python -m workflow_pipeline`: images, graph, report, and the serving image's first question."""

import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import polars as pl
from docker import DockerClient

from churn.harness.command import operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.report import Report, write_report
from churn.harness.terminal import console, print_table, progress_bar
from workflow_pipeline.containers.build_images import build_images
from workflow_pipeline.engine.run import report_of, run_graph
from workflow_pipeline.engine.runner import engine
from workflow_pipeline.images import ENVIRONMENT
from workflow_pipeline.serving.container import build_serving_image, largest_difference, serving

NO_ENGINE = (
    "No Docker engine answers, so the steps run as processes of this machine, with this environment's packages: "
    "the same graph, but none of the isolation it is for. make doctor says how to get an engine."
)


@exit_on_bad_input
def main() -> None:
    command = parser("workflow_pipeline", "The churn problem, each step in a container of its own.")
    command.add_argument(
        "--isolation",
        choices=["container", "none"],
        help="of the steps; default: container, if a Docker engine answers",
    )
    command.add_argument("--serve", type=int, metavar="PORT", help="keep the model served on 127.0.0.1:PORT")
    arguments = command.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # whatever ends this stops the served model, too
    console.file = sys.stdout  # stays on the screen while what the engine prints goes to the log
    client = engine() if arguments.isolation != "none" else None
    if client is None and arguments.serve is not None:
        raise BadInput(
            "the model is served from an image, and no Docker engine answers: make doctor says how to get one"
        )
    if client is None and arguments.isolation != "none":
        console.print(f"[yellow]{NO_ENGINE}[/]")
    data = operator_data(arguments)
    folder = arguments.runs / "workflow"
    if client is not None:
        build_images(client, folder)
    with progress_bar("six stages, a step each", len(ENVIRONMENT), "workflow") as bar:
        made, stages = run_graph(data.source, folder, data.months, client, lambda name: bar.advance())
    isolation: Literal["container", "none"] = "container" if client else "none"
    report, predictions = report_of(made, stages, data, isolation, folder / "report.json")
    shutil.copyfile(Path(made["model"].path) / f"month={report.month}" / "model.skops", folder / "model.skops")
    write_report(folder, report, predictions)
    show(report, folder)
    if client is not None:
        serve_and_ask(client, folder, report, made, arguments.serve)
    console.print("next: make demo-workflow again (nothing will run), or change a line in churn/process.py first")


def show(report: Report, folder: Path) -> None:
    print_table(
        f"workflow: {report.customers:,} customers of {report.month} scored; held out: {report.holdout_month}",
        ["stage", "seconds", "status"],
        [[stage.name, f"{stage.seconds:.2f}", stage.status] for stage in report.stages],
        "workflow",
    )
    if all(stage.status == "cached" for stage in report.stages):
        console.print("nothing has changed, so nothing was executed")
    ceiling = f", best possible {report.ceiling_roc_auc:.3f}" if report.ceiling_roc_auc else ""
    console.print(
        f"ROC-AUC {report.baseline['roc_auc']:.3f}{ceiling}; campaign {report.baseline['campaign_value_eur']:,.0f} €"
    )
    console.print(f"report: {folder / 'report.json'}; what the engine said: {folder / 'log.txt'}")


def serve_and_ask(client: DockerClient, folder: Path, report: Report, made: dict[str, Any], port: int | None) -> None:
    """The serving image answers for every customer as the graph did; with a port it then stays until Ctrl-C."""
    with (folder / "images.log").open("a", encoding="utf-8") as log:
        image, is_new = build_serving_image(client, folder / "model.skops", report, log)
    if not is_new and port is None and all(stage.status == "cached" for stage in report.stages):
        return
    customers = pl.read_parquet(
        Path(made["features"].path) / f"month={report.month}" / "*.parquet", hive_partitioning=False
    )
    with serving(client, image, (folder / "steps").resolve(), port) as address:
        difference = largest_difference(address, customers, pl.read_parquet(folder / "predictions.parquet"))
        console.print(f"{image} answered for {len(customers):,} customers; largest difference {difference:.1g}")
        if port is not None:
            console.print(f"serving on {address}/docs until Ctrl-C")
            with suppress(KeyboardInterrupt):
                signal.pause()


if __name__ == "__main__":
    main()
