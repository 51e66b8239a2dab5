"""The smaller nest: the three stages of the model half as processes, with MLflow and without containers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from churn import build as plain
from churn.harness.processes import end_with_parent
from together.engines.servers import read_servers
from together.handover import OUTPUTS, TABLES, Handover, read_handover
from together.inside.month import LOGS, stage_of
from together.train import train as nested_train
from tracking_pipeline.deploy import deploy as nested_deploy


def build(place: Path) -> str:
    with lake_of(place) as (lake, handover):
        plain.build(lake, handover.month)
    return str(place)


def train(place: Path) -> str:
    with lake_of(place) as (lake, handover), stage_of(handover, "train"):
        nested_train(lake, handover.month, handover.seed or 0)
    return str(place)


def deploy(place: Path) -> str:
    with lake_of(place) as (lake, handover), stage_of(handover, "deploy"):
        nested_deploy(lake, handover.month)
    return str(place)


@contextmanager
def lake_of(place: Path) -> Iterator[tuple[Path, Handover]]:
    """Yield a lake that reads what was handed over, and writes where Airflow's lake is."""
    end_with_parent()
    handover, folder = read_handover(place), place.parents[1]
    os.environ |= {**read_servers(folder).variables(), LOGS: str(folder)}
    with TemporaryDirectory() as name:
        lake = Path(name)
        for table in TABLES:
            (lake / table).symlink_to(place / table)
        for table in OUTPUTS:
            (folder / "lake" / table).mkdir(parents=True, exist_ok=True)
            (lake / table).symlink_to(folder / "lake" / table)
        yield lake, handover
