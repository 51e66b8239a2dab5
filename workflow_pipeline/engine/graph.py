"""Run the graph on this machine with kfp's local engine."""

import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl
from docker import DockerClient
from docker.errors import ImageNotFound

from churn.harness.errors import BadInput
from churn.harness.processes import alone_in
from churn.harness.report import Stage
from workflow_pipeline.artifacts import digest_of, raise_if_edited
from workflow_pipeline.engine.kfp_log import StepFilter, error_of_step, written_to
from workflow_pipeline.engine.runner import ENGINE_FAILURES, run_in_containers, run_in_processes, sweep
from workflow_pipeline.pipeline import churn_pipeline


@dataclass(frozen=True)
class GraphRun:
    """A finished run: kfp's artifacts by their name in `pipeline.Outputs`, and its stages."""

    artifacts: dict[str, Any]
    stages: list[Stage]
    began: dict[str, float]  # when each executed stage began, in seconds since 1970

    @property
    def executed_nothing(self) -> bool:
        return all(stage.status == "cached" for stage in self.stages)

    def rows(self, artifact: str, month: str, files: str = "*.parquet") -> pl.DataFrame:
        """Return one month of a table that a step has written."""
        folder = Path(self.artifacts[artifact].path) / f"month={month}"
        return pl.read_parquet(f"{escape(str(folder))}/{files}", hive_partitioning=False)


def run_graph(
    source: Path, folder: Path, months: list[str], client: DockerClient | None, advance: Callable[[], object]
) -> GraphRun:
    """Run the graph in `folder`, in containers if there is a `client`. kfp's output goes to `folder`/log.txt.

    Call `advance` after each step. Raises ContractBroken or BadInput with the sentence of the step that failed.
    """
    folder, source = folder.resolve(), source.resolve()

    def configure(steps: Path) -> None:
        if client is None:
            run_in_processes(steps)
        else:
            run_in_containers(client, steps, source)

    def run() -> Any:
        return churn_pipeline(source_uri=str(source), source_sha256=digest_of(source), months=months, month=months[-1])

    return run_pipeline(run, folder, client, configure, advance)


def run_pipeline(
    pipeline: Callable[[], Any],
    folder: Path,
    client: DockerClient | None,
    configure: Callable[[Path], None],
    advance: Callable[[], object] = lambda: None,
    log_name: str = "log.txt",
) -> GraphRun:
    """Run any of kfp's pipelines in `folder`, whose steps are below `folder`/steps. `configure` gets that folder.

    Raises ContractBroken or BadInput with the sentence of the step that failed.
    """
    steps, log_file = folder / "steps", folder / log_name
    steps.mkdir(parents=True, exist_ok=True)
    with alone_in(folder), log_file.open("w", encoding="utf-8", buffering=1) as log:
        sweep(client, steps)
        configure(steps)
        finished = StepFilter(advance)
        try:
            with redirect_stdout(log), written_to(log, finished), warnings.catch_warnings(action="ignore"):
                run = pipeline()
        except ImageNotFound as error:
            raise BadInput(f"{error.explanation}: it was removed during the run, and the next run builds it") from error
        except ENGINE_FAILURES as error:
            raise BadInput(f"the Docker engine failed ({error}): start it, and the next run continues") from error
        except RuntimeError as error:
            raise error_of_step(log_file, error) from error
    for artifact in run.outputs.values():
        if "sha256" in artifact.metadata:
            raise_if_edited(artifact)
    return GraphRun(run.outputs, finished.stages, finished.began)
