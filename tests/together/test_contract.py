"""The rows of the contract about what fails: the previous model stays live, and everybody says the same."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psutil
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from churn.harness.processes import guarded, wait_until
from churn.harness.report import StageClock
from churn.lake import parquet_in, partition
from churn.pipeline import run
from churn.simulator.exports import export
from churn.simulator.world import World
from churn.tables import FEATURES, LABEL
from tests.demos import ROOT, environment_python
from together.engines.servers import Servers, read_servers
from together.handover import hand_over
from tracking_pipeline.registry import CHAMPION
from workflow_pipeline.engine.runner import SERVED_LABEL, STEP_LABEL, engine

WORLD = World(customers=600, months=4, seed=11)
MONTH = WORLD.all_months()[-1]
EXPERIMENT = "churn-test"
IN_PROCESSES = (
    "from together.engines.process import build, train, deploy; [stage(place) for stage in (build, train, deploy)]"
)
IN_CONTAINERS = "from together.engines.containers import run_graph; run_graph(place)"

pytestmark = pytest.mark.slow
IN_PROCESSES_OR_CONTAINERS = [
    pytest.param("two", marks=pytest.mark.thorough),
    pytest.param("four", marks=[pytest.mark.nightly, pytest.mark.docker]),
]


@dataclass
class ModelHalf:
    """The model half with its servers, and without Airflow: this is the point where Airflow's task begins."""

    size: str  # of the nest: "two" or "four"
    folder: Path
    servers: Servers

    def run(self, place: Path) -> "subprocess.CompletedProcess[str]":
        stages = IN_PROCESSES if self.size == "two" else IN_CONTAINERS
        code = f"import sys; from pathlib import Path; place = Path(sys.argv[1]); {stages}"
        command = [environment_python("together"), "-c", code, str(place)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    def client(self) -> MlflowClient:
        return MlflowClient(self.servers.tracking, self.servers.tracking)

    def runs(self, stage: str) -> list[Run]:
        """Return the runs of this stage in MLflow, the newest first."""
        experiment = self.client().get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        return list(
            self.client().search_runs(
                [experiment.experiment_id], f"tags.stage = '{stage}' and tags.role = 'stage'", max_results=10
            )
        )

    def champion(self) -> str:
        return str(self.client().get_model_version_by_alias(EXPERIMENT, CHAMPION).version)

    def endpoint(self, page: str = "/model", **body: Any) -> dict[str, Any]:
        with httpx.Client(base_url=self.servers.endpoint, trust_env=False, timeout=30) as client:
            answer = client.post(page, json=body) if body else client.get(page)
            return dict(answer.raise_for_status().json())

    def live_table(self) -> pl.DataFrame:
        return pl.read_parquet(parquet_in(partition(self.folder / "lake", "live", MONTH)))

    def kill_tracking(self) -> None:
        """Kill the tracking server with SIGKILL."""
        if self.size == "two":
            port = f"--port={self.servers.tracking.rpartition(':')[2]}"
            for process in psutil.process_iter(["cmdline"]):
                if port in (process.info["cmdline"] or []):
                    for each in (*process.children(recursive=True), process):
                        each.kill()
            return
        client = engine()
        assert client is not None
        steps = f"{STEP_LABEL}={(self.folder / 'kfp' / 'steps').resolve()}"
        for container in client.containers.list(filters={"label": steps}):
            if SERVED_LABEL in container.labels and "mlflow server" in " ".join(container.attrs["Config"]["Cmd"]):
                container.kill(signal.SIGKILL)
        client.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    export(WORLD, folder / "source")
    run(folder / "source", folder / "lake", WORLD.all_months(), clock=StageClock())
    return folder


@pytest.fixture(scope="module", params=IN_PROCESSES_OR_CONTAINERS)
def half(request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelHalf]:
    """A model half in which a model is live."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("nest") / "together"))
    python, place = environment_python("together"), f"--folder={folder}"
    if request.param == "four":
        subprocess.run([python, "-m", "together.engines.images", place], cwd=ROOT, check=True)
    command = [python, "-m", "together.engines.servers", place, f"--experiment={EXPERIMENT}", f"--nest={request.param}"]
    log = folder / "servers.log"
    with pytest.MonkeyPatch.context() as patch, guarded(command, log, dict(os.environ)) as server:
        ready = folder / "servers.json"
        wait_until(lambda: ready.exists() or server.poll() is not None, 240, "the servers did not start")
        assert ready.exists(), log.read_text(encoding="utf-8")
        half = ModelHalf(request.param, folder, read_servers(folder))
        for name, value in half.servers.variables().items():
            patch.setenv(name, value)  # for the clients of these tests
        first = half.run(hand_over(folder, MONTH, "manual__1", EXPERIMENT, 11))
        assert first.returncode == 0, first.stderr[-3000:]
        wait_until(lambda: half.endpoint()["version"] == "1", 60, "the endpoint did not load the first model")
        yield half


def customers(half: ModelHalf) -> list[dict[str, Any]]:
    features = pl.read_parquet(parquet_in(partition(half.folder / "lake", "features", MONTH)))
    return features.select("customer_id", *FEATURES).head(3).to_dicts()


def test_a_step_that_fails_leaves_the_previous_model_live_everywhere(half: ModelHalf, tmp_path: Path) -> None:
    before = half.live_table()
    spoilt = Path(shutil.copytree(half.folder, tmp_path / "spoilt", ignore=shutil.ignore_patterns("tracking", "kfp")))
    for folder in (spoilt / "lake" / "labels").iterdir():
        (file,) = folder.glob("*.parquet")
        pl.read_parquet(file).with_columns(pl.lit(False).alias(LABEL)).write_parquet(file)  # nobody ever left
    place = hand_over(spoilt, MONTH, "manual__2", EXPERIMENT, 11)
    done = half.run(Path(shutil.move(place, half.folder / "handover" / "spoilt")))
    assert done.returncode != 0
    assert "only one class" in done.stderr
    assert half.runs("train")[0].info.status == "FAILED"
    assert half.champion() == half.endpoint()["version"] == "1"
    assert half.live_table().equals(before)


def test_without_mlflow_training_does_not_start_and_the_endpoint_keeps_its_model(half: ModelHalf) -> None:
    before = half.live_table()
    half.kill_tracking()
    done = half.run(hand_over(half.folder, MONTH, "manual__3", EXPERIMENT, 11))
    assert done.returncode != 0
    assert "no tracking server answers" in done.stderr.strip().rpartition("\n")[2]
    assert half.live_table().equals(before)
    wait_until(lambda: "the last model stays" in half.endpoint()["tracking"], 60, "the endpoint did not notice")
    assert half.endpoint("/predict", customers=customers(half))["version"] == "1"
