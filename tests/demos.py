"""The demos in one small world, as a user runs them: each in its own environment, all into one folder of runs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.processes import left_running

ROOT = Path(__file__).parents[1]
CUSTOMERS, MONTH = 1000, "2025-06"  # half a year
COMMANDS = {
    "plain": ("plain", "churn"),
    "workflow": ("workflow", "workflow_pipeline"),
    "data": ("data", "data_pipeline"),
    "data-dagster": ("dagster", "data_pipeline.in_dagster.demo"),
    "model": ("model", "model_pipeline"),
    "tracking": ("tracking", "tracking_pipeline"),
    "notebooks": ("notebooks", "notebooks"),
    "together": ("data", "together"),
}

# A proxy that answers nobody. A client that asked it about this machine would wait, or fail.
BEHIND_A_PROXY = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "NO_PROXY": "",
    "no_proxy": "",
}
# Settings of a different project, which would send ours elsewhere.
OF_ANOTHER_PROJECT = {
    "AIRFLOW_HOME": "/nowhere",
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/airflow.db",
    "DAGSTER_HOME": "/nowhere",
    "DAGSTER_GRPC_PORT": "1",
    "MLFLOW_REGISTRY_URI": "sqlite:////nowhere/registry.db",
    "MLFLOW_REGISTRY_STORE_URI": "sqlite:////nowhere/registry.db",
    "MLFLOW_RUN_ID": "0" * 32,
    "MLFLOW_EXPERIMENT_NAME": "theirs",
    "MLFLOW_DEFAULT_ARTIFACT_ROOT": "/nowhere",
}


def environment_python(name: str) -> str:
    """The Python of an environment. Where it must be there (CI) its absence is a failure."""
    python = ROOT / ".venv" / name / "bin" / "python"
    if not python.exists():
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"environment {name} is not built: make .venv/{name}/.ok")
    return str(python)


class Demos:
    """Runs each demo at most once; what it left is in `runs`/<name>. Nobody changes that.

    Test processes that share `runs` run each demo once between them.
    """

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.left_running: dict[str, list[str]] = {}  # command lines of what has outlived its demo

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run the demo, unless another test has done so, and return its output. It must have succeeded."""
        if name != "plain":
            self.run("plain")  # it makes the world, so that nobody else has to
        with FileLock(self.runs / f".{name}.lock"):
            record = self.runs / f".{name}.json"
            if not record.exists():
                record.write_text(json.dumps(self._run(name)), encoding="utf-8")
            done = json.loads(record.read_text(encoding="utf-8"))
        self.left_running[name] = done.pop("left")
        assert done["returncode"] == 0, f"{name}: {done['stdout'][-3000:]}{done['stderr'][-3000:]}"
        return subprocess.CompletedProcess(name, **done)

    def _run(self, name: str) -> dict[str, Any]:
        environment, module = COMMANDS[name]
        world = [f"--customers={CUSTOMERS}", f"--month={MONTH}", f"--runs={self.runs}"]
        with left_running() as left:
            done = subprocess.run(
                [environment_python(environment), "-m", module, *world],
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
                | BEHIND_A_PROXY
                | OF_ANOTHER_PROJECT,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=600,
                check=False,
            )
        return {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr, "left": left}
