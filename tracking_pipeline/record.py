"""Runs: one per month, one per stage under it; and the tags and data sets by which they are found again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import mlflow
import polars as pl
from mlflow.data.sources import LocalArtifactDatasetSource  # type: ignore[attr-defined]  # made when mlflow is imported
from mlflow.entities import Run, ViewType
from polars import selectors

from tracking_pipeline.safety.code import code_sha256, git_sha
from tracking_pipeline.safety.killed import process_tags
from tracking_pipeline.safety.store import registry_era

INHERITED = ("month", "seed", "era", "git_sha", "code_sha256", "data_fingerprint", "host", "process")
LONGEST_DIGEST = 36  # that MLflow's database takes


@contextmanager
def month_run(month: str, seed: int | None, title: str = "six stages") -> Iterator[Run]:
    """Open the run above all runs of a month. MLflow samples the machine's load meanwhile."""
    tags = {
        "month": month,
        "seed": str(seed),
        "role": "month",
        "era": registry_era(),
        "git_sha": git_sha(),
        "code_sha256": code_sha256(),
        **process_tags(),
    }
    with mlflow.start_run(run_name=f"{month}: {title}", tags=tags, log_system_metrics=True) as run, error_as_tag():
        yield run


def stage_run(stage: str) -> AbstractContextManager[Run]:
    """Open the run of a stage, under the month's."""
    return child_run(stage, stage=stage, role="stage")


@contextmanager
def child_run(name: str, **tags: str) -> Iterator[Run]:
    """Open a run under the active one."""
    with mlflow.start_run(run_name=name, nested=True, tags=inherited_tags(**tags)) as run, error_as_tag():
        yield run


def inherited_tags(**more: str) -> dict[str, str]:
    """Return the active run's tags, and `more`, for a child: MLflow itself gives a child none of its parent's."""
    active = mlflow.active_run()
    parent = mlflow.get_run(active.info.run_id).data.tags if active else {}
    return {name: parent[name] for name in INHERITED if name in parent} | more


@contextmanager
def error_as_tag() -> Iterator[None]:
    """Keep an error's message: MLflow itself notes only that the run has failed."""
    try:
        yield
    except Exception as error:
        mlflow.set_tag("error", f"{type(error).__name__}: {error}")
        raise


def record_dataset(rows: pl.DataFrame, place: Path, name: str, sha256: str, context: str) -> None:
    """Record in the active run which data was read or written: name, columns, source and digest, but no rows.

    The digest is ours. MLflow's own for Polars is a sum over the rows, which is the same in any order.
    """
    source = LocalArtifactDatasetSource(str(place.resolve()))
    rows = rows.with_columns(selectors.unsigned_integer().cast(pl.Int64))  # MLflow's schemas have no unsigned numbers
    digest = sha256[:LONGEST_DIGEST]
    dataset = mlflow.data.from_polars(rows, source=source, name=name, digest=digest)  # type: ignore[attr-defined]
    mlflow.log_input(dataset, context=context)


def find_runs(query: str, deleted: bool = True) -> list[Run]:
    """Return the runs of the experiment since its registered model was made, oldest first.

    MLflow keeps a run that was deleted in its pages. It still happened, so it is found unless `deleted` is false.
    """
    found: list[Run] = mlflow.search_runs(
        filter_string=f"tags.era = '{registry_era()}' AND {query}",
        run_view_type=ViewType.ALL if deleted else ViewType.ACTIVE_ONLY,
        order_by=["attributes.end_time ASC"],
        output_format="list",
    )
    return found
