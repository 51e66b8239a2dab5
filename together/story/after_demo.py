"""After the demo: leave its servers running to look at, or trace a probability back to the raw export."""

import argparse
import signal
from pathlib import Path

import polars as pl

from churn.harness.command import OperatorData
from churn.harness.errors import BadInput
from churn.harness.signals import until_stopped
from churn.harness.terminal import console, print_table
from churn.lake import months_of, parquet_in, partition
from data_pipeline.local_airflow.settings import USER
from together.story.settings import Nest


def nest_of_last_demo(arguments: argparse.Namespace, folder: Path) -> Nest:
    """Return the nest that a demo left in `folder`. Raises BadInput if there is none."""
    months = months_of(folder, "source")
    if not months or not (folder / "report.json").is_file():
        again = f"make demo-together{' NEST=two' if arguments.nest == 'two' else ''}"
        raise BadInput(f"there is nothing in {folder} to look at: {again} comes first")
    source = (folder / "source" / f"month={months[0]}").resolve().parent
    seed = None if arguments.source is not None else arguments.seed
    return Nest(arguments.nest, folder, OperatorData(source, months, seed))


def show_pages(nest: Nest) -> None:
    """Leave Airflow, MLflow and the endpoint of the last demo running until Ctrl-C."""
    airflow = nest.airflow()
    console.print("starting MLflow, the endpoint and Airflow …")
    with nest.servers() as servers, airflow.running(), until_stopped():
        for name, address, login, look_at in (
            ("Airflow", airflow.url, f"user {USER}, password {airflow.password}", "the DAG models: a run per month"),
            ("MLflow", servers["tracking"], f"user {servers['user']}, password {servers['password']}", nest.experiment),
            ("endpoint", f"{servers['endpoint']}/model", "no password", "the version that is live, and those before"),
        ):
            console.print(f"{name}: {address} ({login}); look at: {look_at}", soft_wrap=True)
        console.print("Ctrl-C stops all three")
        signal.pause()


def show_lineage(nest: Nest, arguments: argparse.Namespace) -> None:
    """Print every link from a probability back to the raw export. Raises BadInput at the first broken one."""
    if arguments.customer is None:
        raise BadInput("name a customer: CUSTOMER=17")
    month = arguments.month or nest.data.newest
    raise_if_not_scored(nest, month, arguments.customer)  # before a server is started
    with nest.servers():
        words = (f"--month={month}", f"--customer={arguments.customer}", f"--source={nest.folder / 'source'}")
        links = nest.ask("together.story.lineage", *words)
    title = f"customer {arguments.customer} in {month}: every link was opened"
    print_table(title, ["link", "what was found"], links, "together")


def raise_if_not_scored(nest: Nest, month: str, customer: str) -> None:
    """Raise BadInput if the live model has not scored this customer in this month."""
    live = partition(nest.folder / "lake", "live", month)
    if not live.is_dir():
        raise BadInput(f"nothing was scored in {month}: make demo-together scores the newest two months")
    ids = pl.read_parquet(parquet_in(live))["customer_id"]
    if customer not in ids.cast(pl.String).to_list():
        raise BadInput(
            f"customer {customer} was not scored in {month}: its customers are {ids.min()!s} to {ids.max()!s}"
        )
