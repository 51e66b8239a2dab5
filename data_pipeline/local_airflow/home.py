"""An Airflow's own folder: for one Airflow at a time, of the version that made it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from churn.harness.errors import BadInput

AIRFLOW_VERSION = version("apache-airflow")


@contextmanager
def only_one_in(home: Path) -> Iterator[None]:
    """Raises BadInput when an Airflow runs in this home already, or another version has made it."""
    made_by = home / "version"
    if made_by.is_file() and (other := made_by.read_text(encoding="utf-8")) != AIRFLOW_VERSION:
        raise BadInput(f"{home} was made by Airflow {other}, this is {AIRFLOW_VERSION}: move the folder away first")
    home.mkdir(parents=True, exist_ok=True)
    with home.with_name(".airflow.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"an Airflow is running in {home}: stop it first (Ctrl-C where it was started)") from None
        yield
