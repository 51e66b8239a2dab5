"""`python -m workflow_pipeline`: images, graph, report, and the serving image's first question."""

import sys
from pathlib import Path

from docker import DockerClient

from churn.command import operator_data, parser
from churn.errors import exit_on_bad_input
from churn.report import write_report
from churn.terminal import console, print_table, progress_bar
from workflow_pipeline.images import ENVIRONMENT, build_missing
from workflow_pipeline.run import report_of, run_graph
from workflow_pipeline.runner import engine

NO_ENGINE = (
    "No Docker engine answers, so the steps run as processes of this machine, with this environment's packages: the same "
    "graph, but none of the isolation it is for. make doctor says how to get an engine."
)


@exit_on_bad_input
def main() -> None:
    command = parser("python -m workflow_pipeline", "The churn problem, each step in a container of its own.")
    command.add_argument(
        "--isolation", choices=["container", "none"], help="of the steps; default: container, if a Docker engine answers"
    )
    arguments = command.parse_args()
    console.file = sys.stdout  # stays on the screen while what the engine prints goes to the log
    client = engine() if arguments.isolation != "none" else None
    if client is None and arguments.isolation != "none":
        console.print(f"[yellow]{NO_ENGINE}[/]")
    data = operator_data(arguments)
    folder = arguments.runs / "workflow"
    if client is not None:
        build_images(client, folder)
    with progress_bar("six stages, a step each", len(ENVIRONMENT), "workflow") as bar:
        made, stages = run_graph(data.source, folder, data.months, client, lambda name: bar.advance())
    report, predictions = report_of(made, stages, data.source, data.months, data.seed, "container" if client else "none")
    write_report(folder, report, predictions)
    print_table(
        f"workflow: {report.customers:,} customers of {report.month} scored; held out: {report.holdout_month}",
        ["stage", "seconds", "status"],
        [[stage.name, f"{stage.seconds:.2f}", stage.status] for stage in report.stages],
        "workflow",
    )


def build_images(client: DockerClient, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "images.log").open("w", encoding="utf-8") as log,
        progress_bar("images", len(ENVIRONMENT), "workflow") as bar,
    ):
        built = build_missing(client, log, lambda name: bar.advance())
    console.print(f"{len(built)} images built" if built else "all images are there: nothing was built")


if __name__ == "__main__":
    main()
