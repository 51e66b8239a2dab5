"""The demo, end to end on SQLite: what it recorded, what it serves, and whether the record makes it again."""

import json
import re
from collections import Counter
from pathlib import Path

import jsonschema
import mlflow
import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, Run

from churn import __main__ as plain
from churn.harness.command import OperatorData
from churn.harness.report import STAGES, read_report
from churn.harness.same_answer import SAME_ANSWER, largest_difference
from churn.storage.model_file import churn_probability
from churn.storage.months import add_months, month_range
from churn.train import training_and_holdout
from tests.demos import MONTH
from tests.tracking_pipeline.conftest import NAME, ROOT, SMALL, SMALL_WORLD, command
from tracking_pipeline.candidates.estimators import CANDIDATES
from tracking_pipeline.promote import force, live_versions, roll_back
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import CHAMPION, aliased, load_champion
from tracking_pipeline.safety.checked import TRUSTED_TYPES
from tracking_pipeline.safety.moves import history
from tracking_pipeline.servers.scoring import ask, champion_server

pytestmark = pytest.mark.slow
MONTHS = month_range(add_months(MONTH, -2), MONTH)


def runs_of(client: MlflowClient, query: str) -> list[Run]:
    experiment = client.get_experiment_by_name(NAME)
    assert experiment is not None
    found: list[Run] = client.search_runs([experiment.experiment_id], query, max_results=1000)
    return found


def children(client: MlflowClient, parent: Run) -> list[Run]:
    return runs_of(client, f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")


def datasets(run: Run) -> list[Dataset]:
    return [] if run.inputs is None else [used.dataset for used in run.inputs.dataset_inputs]


def month(client: MlflowClient, which: str) -> Run:
    (run,) = runs_of(client, f"tags.role = 'month' AND attributes.run_name = '{which}: six stages'")
    return run


def test_the_baseline_gives_the_plain_answer(told: Path, source: Path, tmp_path: Path) -> None:
    report = read_report(told / "tracking" / "report.json")
    expected = plain.solve(OperatorData(source, month_range(SMALL.first_month, MONTH), SMALL.seed), tmp_path / "plain")
    assert report.data_fingerprint == expected.data_fingerprint
    ours = pl.read_parquet(told / "tracking" / "predictions.parquet", glob=False)
    theirs = pl.read_parquet(tmp_path / "plain" / "predictions.parquet")
    assert largest_difference(ours, theirs) <= SAME_ANSWER
    written = json.loads((told / "tracking" / "report.json").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "churn" / "harness" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, schema)
    assert report.pipeline == "tracking"
    assert [stage.name for stage in report.stages] == list(STAGES)
    assert report.best is not None
    assert report.best.keys() == report.baseline.keys()


@pytest.mark.parametrize("which", MONTHS)
def test_a_month_has_a_run_per_stage_and_a_run_per_candidate(client: MlflowClient, which: str) -> None:
    stages = {run.data.tags["stage"]: run for run in children(client, month(client, which))}
    assert set(stages) == set(STAGES)
    tried = children(client, stages["train"])
    searched = [run for run in tried if run.data.tags["role"] == "trial"]
    assert Counter(run.info.run_name for run in searched) == Counter(candidate.name for candidate in CANDIDATES)
    assert all({"log_loss", "roc_auc", "campaign_value_eur"} <= run.data.metrics.keys() for run in searched)
    for run in [*stages.values(), *tried]:
        assert {"month", "seed", "git_sha", "code_sha256"} <= run.data.tags.keys()
        assert run.data.tags["month"] == which
        assert run.info.status == "FINISHED"
    for run in [month(client, which), *tried]:
        assert re.fullmatch("[0-9a-f]{64}", run.data.tags["data_fingerprint"])


def test_the_data_is_recorded_with_digest_and_source(client: MlflowClient) -> None:
    stages = {run.data.tags["stage"]: run for run in children(client, month(client, MONTHS[0]))}
    exports = {data.name: data for data in datasets(stages["collect"])}
    assert set(exports) == {f"export-{month}" for month in month_range("2025-01", MONTHS[0])}, "nothing later"
    assert all(len(data.digest) == 36 and "source/month=" in data.source for data in exports.values())
    assert {data.name for data in datasets(stages["build"])} == {"train", "holdout"}


def test_what_else_the_stages_record(client: MlflowClient) -> None:
    stages = {run.data.tags["stage"]: run for run in children(client, month(client, MONTHS[1]))}
    files = {stage: {file.path for file in client.list_artifacts(run.info.run_id)} for stage, run in stages.items()}
    assert {"rows", "rejected_rows", "late_rows"} <= stages["validate"].data.metrics.keys()
    assert files["collect"] == {"checksums"}
    assert files["process"] == {"features.json"}
    assert files["build"] == {"search_space.json"}
    assert files["deploy"] == {"live.parquet"}
    (decision,) = children(client, stages["deploy"])
    plots = {file.path for file in client.list_artifacts(decision.info.run_id)}
    assert plots == {"calibration.png", "campaign.png", "importance.png", "ranking.png"}


def test_system_metrics_are_sampled(client: MlflowClient) -> None:
    sampled = [name for name in month(client, MONTHS[0]).data.metrics if name.startswith("system/")]
    assert "system/cpu_utilization_percentage" in sampled


def test_a_model_has_signature_example_and_reviewed_types(client: MlflowClient) -> None:
    live = aliased(CHAMPION)
    assert live is not None
    assert live.source is not None
    logged = client.get_logged_model(live.source.removeprefix("models:/"))
    files = {file.path for file in client.list_logged_model_artifacts(logged.model_id)}
    assert {"model.skops", "input_example.json", "requirements.txt"} <= files
    text = (Path(mlflow.artifacts.download_artifacts(live.source)) / "MLmodel").read_text(encoding="utf-8")
    assert "signature:" in text
    assert "pickle" not in text.replace("pickled_model: model.skops", "")
    assert all(name in text for name in TRUSTED_TYPES)


def test_three_generations_a_refusal_a_forced_one_and_a_rollback(client: MlflowClient) -> None:
    decisions = history()
    assert [decision.month for decision in decisions if decision.version in ("1", "2", "3")] == MONTHS
    assert decisions[0].what == "promoted"
    bad = [decision for decision in decisions if decision.version == "4"]
    assert [decision.what for decision in bad] == ["refused", "forced", "rolled back"]
    assert "calibration_error" in bad[0].reasons
    assert bad[1].live == "4"
    live = aliased(CHAMPION)
    assert live is not None
    assert str(live.version) == bad[2].live == live_versions(decisions)[-1] == decisions[2].live


def test_the_servers_answer_changed_and_changed_back(told: Path) -> None:
    printed = (told / "printed.txt").read_text(encoding="utf-8")
    rows = re.findall(r"^ *version (\d)(|, forced|, rolled back) +([\d.]+) +([\d.]+) +([\d.]+)", printed, re.MULTILINE)
    before, forced, back = rows
    assert [row[1] for row in rows] == ["", ", forced", ", rolled back"]
    assert before[2:] == back[2:]
    assert before[2:] != forced[2:]


def test_the_server_answers_what_the_champion_predicts(client: MlflowClient, told: Path, tmp_path: Path) -> None:
    holdout = training_and_holdout(told / "tracking" / "lake", MONTH)[1].head(50)
    with month_run(MONTH, SMALL.seed, "a test"):
        force(client.get_model_version(NAME, "4"))
        try:
            expected = churn_probability(load_champion().estimator, holdout)
            with champion_server(tmp_path / "server.log") as address:
                assert ask(address, holdout) == pytest.approx(expected, abs=SAME_ANSWER)
        finally:
            roll_back()


@pytest.mark.parametrize("which", [MONTHS[0], MONTH])
def test_lineage_names_what_was_live_and_makes_it_again(told: Path, which: str, client: MlflowClient) -> None:
    runs = {run.info.run_id for run in runs_of(client, "")}
    answer = command("lineage", SMALL_WORLD[0], f"--month={which}", runs=told)
    assert answer.returncode == 0, answer.stderr
    assert f"live at the end of {which}: {NAME} version" in answer.stdout
    assert "(the code here)" in answer.stdout
    differences = re.findall(r"differ by at most (\S+)", answer.stdout)
    assert len(differences) == 2
    assert all(float(difference) <= SAME_ANSWER for difference in differences)
    assert {run.info.run_id for run in runs_of(client, "")} == runs, "a question records nothing"
