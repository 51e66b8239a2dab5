"""`python -m data_pipeline.local_airflow.ui`: the Airflow of the last `make demo-data`, until Ctrl-C."""

import signal
from contextlib import suppress
from pathlib import Path

from churn.harness.command import OneSentenceParser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from churn.lake import months_of
from data_pipeline.local_airflow.start import Airflow


@exit_on_bad_input
def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    command = OneSentenceParser(
        prog="python -m data_pipeline.local_airflow.ui", description="Airflow's own pages of the last run."
    )
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where the run is (default: runs)")
    folder = command.parse_args().runs / "data"
    months = months_of(folder, "source")
    if not months or not (folder / "airflow").is_dir():
        raise BadInput(f"there is nothing in {folder} to look at: make demo-data comes first")
    console.print("starting Airflow …")
    with Airflow(folder, months).running() as airflow, suppress(KeyboardInterrupt):
        console.print(f"{airflow.url} (Ctrl-C stops it)")
        signal.pause()


if __name__ == "__main__":
    main()
