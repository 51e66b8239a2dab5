"""`python -m data_pipeline.local_airflow.rerun --month 2025-09`: a month once more, with all that follows from it.

For a month that failed, whatever the reason: a corrected export, a killed task, a disk that was full. What Airflow has
on record as done before the failure is not done again; a month of which nothing failed runs again from its export, and
stays as it is, byte for byte.
"""

import signal
from pathlib import Path

from churn.harness.command import OneSentenceParser, parse_month_argument
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from churn.lake import months_of
from churn.tables import FEWEST_MONTHS_TO_LEARN
from data_pipeline.local_airflow.backfills import backfill, raise_if_outside
from data_pipeline.local_airflow.client import only_the_predictions_failed
from data_pipeline.local_airflow.start import Airflow


@exit_on_bad_input
def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    command = OneSentenceParser(prog="python -m data_pipeline.local_airflow.rerun", description="Run a month again.")
    command.add_argument("--month", type=parse_month_argument, required=True, help="the month (make: MONTH=)")
    command.add_argument("--last", type=parse_month_argument, help="for a range: its last month")
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where the run is (default: runs)")
    arguments = command.parse_args()
    first, last = arguments.month, arguments.last or arguments.month
    folder = arguments.runs / "data"
    months = months_of(folder, "source")
    if not months or not (folder / "airflow").is_dir():
        raise BadInput(f"there is nothing in {folder} to run again: make demo-data comes first")
    raise_if_outside(months, first, last)
    console.print("starting Airflow …")
    with Airflow(folder, months).running() as airflow:
        rerun(airflow, first, last)
    console.print("next: make ui-data (the same runs in Airflow's own pages)")


def rerun(airflow: Airflow, first: str, last: str) -> None:
    """Run the months from `first` to `last` again, and score the last of them."""
    if only_the_predictions_failed(airflow.api.runs(), last):
        console.print(f"exports and features of {last} are done: predictions alone run again")
    else:
        backfill(airflow, "exports", first, last, again="completed")
    if last >= airflow.months[FEWEST_MONTHS_TO_LEARN - 1]:
        backfill(airflow, "predictions", last, last, again="completed")


if __name__ == "__main__":
    main()
