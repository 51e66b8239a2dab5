"""`python -m workflow_pipeline`: build the images, run the graph, write the report, and ask the served model."""

import sys
from pathlib import Path

from docker import DockerClient

from churn.harness.addresses import raise_if_in_path
from churn.harness.command import make_settings, operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.report import STAGES, Report
from churn.harness.signals import until_stopped
from churn.harness.terminal import console, print_scores, print_stages, progress_bar
from churn.harness.unfinished import unfinished
from workflow_pipeline.containers.build_images import build_images
from workflow_pipeline.engine.graph import GraphRun, run_graph
from workflow_pipeline.engine.report import write_report
from workflow_pipeline.engine.runner import engine
from workflow_pipeline.serving.container import build_serving_image, difference_from_graph, serving

NO_ENGINE = (
    "No Docker engine answers, so the steps run as processes with this environment's packages. "
    "It is the same graph without its isolation. make doctor explains how to get an engine."
)


@exit_on_bad_input
def main() -> None:
    options = parser("workflow_pipeline", "Solve the churn problem with each step in its own container.")
    options.add_argument(
        "--isolation", choices=["container", "none"], help="default: container, if a Docker engine answers"
    )
    options.add_argument("--serve", type=int, metavar="PORT", help="then serve the model on 127.0.0.1:PORT")
    arguments = options.parse_args()
    console.file = sys.stdout  # keeps the terminal while run_graph sends sys.stdout to the log
    client = engine() if arguments.isolation != "none" else None
    if client is None and arguments.serve is not None:
        raise BadInput("the model is served from an image, and no Docker engine answers: make doctor explains how")
    if client is None and arguments.isolation != "none":
        console.print(NO_ENGINE, style="yellow")
    if client is not None:
        for place in filter(None, (arguments.runs, arguments.source)):
            raise_if_in_path(place, ":", "Docker")  # it ends the path of a folder that kfp mounts
    data, folder = operator_data(arguments), arguments.runs / "workflow"
    with unfinished(folder):
        if client is not None:
            build_images(client, folder)
        with progress_bar("run the six stages", len(STAGES), "workflow") as bar:
            run = run_graph(data.source, folder, data.months, client, bar.advance)
        report = write_report(run, data, folder, "none" if client is None else "container")
        print_stages(report)
        if run.executed_nothing:
            console.print("nothing has changed, so nothing was executed")
        print_scores(report)
        console.print(f"report: {folder / 'report.json'}; kfp's log: {folder / 'log.txt'}", soft_wrap=True)
        if client is not None:
            serve(client, run, report, folder, arguments.serve)
            again = f"make demo-workflow{make_settings(arguments)}"
            console.print(f"next: {again} again (nothing will run), or change a line in churn/process.py first")


def serve(client: DockerClient, run: GraphRun, report: Report, folder: Path, port: int | None) -> None:
    """Check that the serving image gives every customer the graph's answer. With a port, serve it until Ctrl-C."""
    with (folder / "images.log").open("a", encoding="utf-8") as log:
        image, built = build_serving_image(client, folder / "model.skops", report, log)
    if run.executed_nothing and not built and port is None:
        return
    customers, predictions = run.rows("features", report.month), run.rows("predictions", report.month)
    with serving(client, image, (folder / "steps").resolve(), port) as served:
        difference = difference_from_graph(served.address, customers, predictions)
        console.print(f"{image} answered for {len(customers):,} customers; largest difference {difference:.1g}")
        if port is not None:
            console.print(f"serving on {served.address}/docs until Ctrl-C")
            with until_stopped():
                served.wait()


if __name__ == "__main__":
    main()
