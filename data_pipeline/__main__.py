"""`python -m data_pipeline [demo | rerun | ui]`: a real Airflow on this machine; without a word, the demo."""

import argparse
import signal
import sys
from pathlib import Path

from churn.harness.command import command, parse_month_argument, parser
from churn.harness.errors import exit_on_bad_input
from churn.harness.signals import until_stopped
from churn.harness.terminal import console
from data_pipeline.local_airflow.backfills import raise_if_outside
from data_pipeline.local_airflow.demo import demo
from data_pipeline.local_airflow.rerun import rerun
from data_pipeline.local_airflow.settings import USER
from data_pipeline.local_airflow.start import airflow_of_last_demo


@exit_on_bad_input
def main() -> None:
    words = sys.argv[1:]
    name = words.pop(0) if words and words[0] in ("demo", "rerun", "ui") else "demo"
    if name == "rerun":
        run_again(words)
    elif name == "ui":
        show_pages(words)
    else:
        options = parser("data_pipeline", "The churn problem, solved by Airflow. Other commands: rerun, ui.")
        demo(options.parse_args(words))


def run_again(words: list[str]) -> None:
    """Run a month, or a range of months, again in the Airflow of the last demo."""
    options = with_runs("data_pipeline rerun", "Run a month and everything downstream again.")
    options.add_argument("--month", type=parse_month_argument, required=True, help="the month (make: MONTH=)")
    options.add_argument("--last", type=parse_month_argument, help="for a range: its last month")
    arguments = options.parse_args(words)
    first, last = arguments.month, arguments.last or arguments.month
    airflow = airflow_of_last_demo(arguments.runs, "run again")
    raise_if_outside(airflow.months, first, last)
    console.print("starting Airflow …")
    with airflow.running():
        rerun(airflow, first, last)
    console.print("next: make ui-data (the same runs in Airflow's own pages)")


def show_pages(words: list[str]) -> None:
    """Show the runs of the last demo in Airflow's own pages, until Ctrl-C."""
    arguments = with_runs("data_pipeline ui", "Airflow's own pages of the last demo.").parse_args(words)
    airflow = airflow_of_last_demo(arguments.runs, "look at")
    console.print("starting Airflow …")
    with airflow.running(), until_stopped():
        login = f"user {USER}, password {airflow.password}"
        console.print(f"Airflow's pages: {airflow.url}, {login} (Ctrl-C stops it)", soft_wrap=True)
        signal.pause()


def with_runs(module: str, description: str) -> argparse.ArgumentParser:
    """Return a command line with the one option that these commands share."""
    options = command(module, description)
    options.add_argument("--runs", type=Path, default=Path("runs"), help="where the demo's run is (default: runs)")
    return options


if __name__ == "__main__":
    main()
