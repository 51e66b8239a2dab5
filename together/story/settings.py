"""The nest on this machine: its folder, its Airflow, and how to run a program of the model half."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churn.harness.command import OperatorData
from churn.harness.errors import BadInput
from churn.harness.processes import guarded, wait_until
from data_pipeline.local_airflow.settings import REPOSITORY
from data_pipeline.local_airflow.start import AIRFLOW_VERSION, Airflow

DAGS = frozenset({"exports", "features", "models"})
PYTHON = REPOSITORY / ".venv" / "together" / "bin" / "python"  # Airflow's own environment has no MLflow, no Docker
SECONDS_TO_START = 240


@dataclass(frozen=True)
class Nest:
    """A nest of four engines, or of two."""

    size: str  # "two" or "four"
    folder: Path
    data: OperatorData

    @property
    def experiment(self) -> str:
        """The name of MLflow's experiment and registered model: each simulated world has its own."""
        return "churn" if self.data.seed is None else f"churn-{self.data.source.parent.name}"

    def airflow(self) -> Airflow:
        """Return Airflow with the DAGs of this folder."""
        seed = {} if self.data.seed is None else {"AIRFLOW_VAR_CHURN_SEED": str(self.data.seed)}
        variables = {
            "CHURN_NEST": self.size,
            "CHURN_MORE_PAGES": str(REPOSITORY / "together" / "pages"),
            "CHURN_TOGETHER_PYTHON": str(PYTHON),
            "AIRFLOW_VAR_CHURN_EXPERIMENT": self.experiment,
            **seed,
        }
        return Airflow(self.folder, self.data.months, REPOSITORY / "together", DAGS, variables)

    @contextmanager
    def servers(self) -> Iterator[dict[str, Any]]:
        """Run the tracking server and the endpoint for the block; yield their addresses and the password."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file, log = self.folder / "servers.json", self.folder / "servers.log"
        file.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        words = [f"--folder={self.folder}", f"--experiment={self.experiment}", f"--nest={self.size}"]
        with guarded(module("together.engines.servers", *words), log, environment()) as server:

            def alive() -> None:
                if server.poll() is not None:
                    output = log.read_text(encoding="utf-8", errors="replace")
                    raise BadInput(sentence_of(output, f"the servers have ended: {log} says why"))

            wait_until(file.exists, SECONDS_TO_START, f"the servers did not start (log: {log})", alive)
            yield json.loads(file.read_text(encoding="utf-8"))

    def ask(self, name: str, *words: str) -> Any:
        """Run a module of the model half on this folder, and return the JSON that it prints last."""
        command = module(name, f"--folder={self.folder}", f"--experiment={self.experiment}", *words)
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise BadInput(sentence_of(done.stderr, f"{name} ended with {done.returncode}"))
        return json.loads(done.stdout.strip().rpartition("\n")[2])


def module(name: str, *words: str) -> list[str]:
    return [str(PYTHON), "-m", name, *words]


def sentence_of(output: str, otherwise: str) -> str:
    """Return the sentence with which a program ended, or `otherwise` with its last line: a traceback's, for example."""
    last = output.strip().rpartition("\n")[2]
    if last.startswith("error: "):
        return last.removeprefix("error: ")
    return f"{otherwise} ({last})" if last else otherwise


def environment() -> dict[str, str]:
    """Return the variables of a program of the model half: MLflow's of a different project are left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "AIRFLOW"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY)}


def images_are_built(nest: Nest) -> None:
    """Build the images that are missing, in the model half's environment."""
    command = module("together.engines.images", f"--folder={nest.folder}")
    done = subprocess.run(command, env=environment(), stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BadInput(sentence_of(done.stderr, f"the images could not be built: {nest.folder / 'images.log'}"))


def versions_of_engines(nest: Nest) -> dict[str, str]:
    """Return the names of all engines and their versions, as the report has them: "3.3, 2.17, 3.17"."""
    names = ["kfp", "mlflow"] if nest.size == "four" else ["mlflow"]
    listed = "; ".join(f"print(version({name!r}))" for name in names)
    code = f"from importlib.metadata import version; {listed}"
    found = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True).stdout.split()
    versions = [version.rpartition(".")[0] for version in (AIRFLOW_VERSION, *found)]
    return {"name": "+".join(["airflow", *names]), "version": ", ".join(versions)}
