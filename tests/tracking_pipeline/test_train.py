"""From trials to challenger: the newest training month ranks the candidates, the hold-out month has no part in it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import Model
from numpy.typing import NDArray

from churn import train as plain
from churn.lake import partition
from churn.storage.model_file import churn_probability, load_model
from churn.tables import LABEL
from churn.train import fitted
from tests.witness import CHARGE, Question, Witness, marked_rows, watch
from tracking_pipeline import train as module
from tracking_pipeline.candidates.estimators import BASELINE, CANDIDATES, estimator
from tracking_pipeline.candidates.judged import Trial, judged, rows_to_search
from tracking_pipeline.record import child_run, find_runs, month_run
from tracking_pipeline.registry import CHALLENGER, aliased, as_table, load_version

MONTH = "2025-06"
ROWS, HOLDOUT = marked_rows(1, 2, 3, 4), marked_rows(5, seed=1)
TRIED = [CANDIDATES[1], CANDIDATES[0]]


def lake_with(lake: Path, holdout: pl.DataFrame) -> Path:
    folder = partition(lake, "training", MONTH)
    folder.mkdir(parents=True)
    ROWS.write_parquet(folder / "train.parquet")
    holdout.write_parquet(folder / "holdout.parquet")
    return lake


def train_once(lake: Path) -> tuple[Witness, Run]:
    """Train in a store with two candidates. Return what was seen, and the stage's run."""
    with month_run(MONTH, 7), child_run("train") as run, watch() as seen:
        module.train(lake_with(lake, HOLDOUT), MONTH)
    return seen, mlflow.get_run(run.info.run_id)


def output_of(run: Run) -> str:
    """The id of the model that a run has logged."""
    assert run.outputs is not None
    (output,) = run.outputs.model_outputs
    return str(output.model_id)


def served(run: Run) -> tuple[NDArray[np.float64], float]:
    """The probabilities of the hold-out month by the model that a run has logged, and the threshold logged with it."""
    folder = mlflow.artifacts.download_artifacts(mlflow.get_logged_model(output_of(run)).model_uri)
    metadata = Model.load(folder).metadata
    assert metadata is not None
    return mlflow.pyfunc.load_model(folder).predict(as_table(HOLDOUT))[:, 1], metadata["threshold"]


def test_from_trials_to_challenger(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES", TRIED)
    seen, stage = train_once(tmp_path)

    past, newest, trained, holdout = (frozenset(months) for months in ({1, 2, 3}, {4}, {1, 2, 3, 4}, {5}))
    assert seen.fits == [trained, past, past, trained], "the baseline, two trials, the challenger"
    scored = [question for question in seen.questions if question.about <= newest | holdout]
    assert scored == [Question(holdout, trained, False), *2 * [Question(newest, past, False)]]

    trials = {run.info.run_name: run for run in find_runs("tags.role = 'trial'")}
    expected = [judged(candidate, *rows_to_search(ROWS)) for candidate in TRIED]
    assert {name: run.data.metrics for name, run in trials.items()} == {
        trial.candidate.name: pytest.approx(trial.metrics) for trial in expected
    }
    winner = min(expected, key=lambda trial: trial.metrics["log_loss"])
    assert stage.data.tags["winner"] == winner.candidate.name
    assert stage.data.metrics == {f"winner_{metric}": pytest.approx(value) for metric, value in winner.metrics.items()}

    challenger = aliased(CHALLENGER)
    assert challenger is not None
    assert (partition(tmp_path, "challenger", MONTH) / "version.txt").read_text() == str(challenger.version)
    assert (challenger.tags["month"], challenger.tags["candidate"]) == (MONTH, winner.candidate.name)
    runs = {run.info.run_name: run for run in find_runs("tags.stage = 'train'")}
    winners = f"{winner.candidate.name}, fitted on all rows"
    assert sorted(runs) == sorted(["baseline", winners, *trials])
    for run_name, role, of in [(winners, "challenger", winner), *((t.candidate.name, "trial", t) for t in expected)]:
        run = runs[run_name]
        assert (run.data.tags["role"], run.data.tags["family"]) == (role, of.candidate.family)
        parameters = {parameter: str(value) for parameter, value in of.candidate.parameters.items()}
        assert run.data.params == parameters | ({"threshold": str(of.threshold)} if role == "challenger" else {})
        logged = mlflow.get_logged_model(output_of(run))
        assert logged.name == "model"
        assert {found.key for found in logged.metrics or []} == (set(of.metrics) if role == "trial" else set())
    trial = expected[0]
    probability, threshold = served(trials[trial.candidate.name])
    assert probability == pytest.approx(churn_probability(trial.model, HOLDOUT), abs=1e-6)
    assert threshold == trial.threshold
    assert challenger.run_id == runs[winners].info.run_id
    assert challenger.source == mlflow.get_logged_model(output_of(runs[winners])).model_uri
    model = load_version(challenger)
    assert model.threshold == winner.threshold, "chosen on customers that the trial's model had not seen"
    again = churn_probability(fitted(estimator(winner.candidate), ROWS), HOLDOUT)
    assert churn_probability(model.estimator, HOLDOUT) == pytest.approx(again)


def test_the_challenger_is_the_candidate_with_the_least_log_loss_whatever_the_hold_out_month_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a store: the trials are judged as usual, but not logged."""
    trials: list[Trial] = []
    put_forward: list[tuple[Any, ...]] = []

    def tried(*arguments: object) -> Trial:
        log_loss = [0.5, 0.2, 0.3][len(trials) % 3]
        trial = judged(*arguments)  # type: ignore[arg-type]
        trials.append(replace(trial, metrics={**trial.metrics, "log_loss": log_loss}))
        return trials[-1]

    def registered(*arguments: object) -> ModelVersion:
        put_forward.append(arguments)
        return ModelVersion("churn", str(len(put_forward)), creation_timestamp=0)

    monkeypatch.setattr(module, "CANDIDATES", CANDIDATES[:3])
    monkeypatch.setattr(module, "tried", tried)
    monkeypatch.setattr(module, "record_baseline", lambda *arguments: None)
    monkeypatch.setattr(module, "put_forward", registered)
    for log in ("set_tag", "log_metrics"):
        monkeypatch.setattr(mlflow, log, lambda *arguments: None)
    for number, holdout in enumerate((HOLDOUT, HOLDOUT.with_columns(~pl.col(LABEL), pl.col(CHARGE) * 100))):
        module.train(lake_with(tmp_path / str(number), holdout), MONTH)
    usual, other = put_forward
    assert usual[0] == other[0] == CANDIDATES[1]
    assert usual[2] == other[2] == trials[1].threshold
    assert usual[3].equals(ROWS)
    assert other[3].equals(ROWS)


def test_the_baseline_is_recorded_as_it_is_in_the_lake(name: str, tmp_path: Path) -> None:
    scores = plain.train(lake_with(tmp_path, HOLDOUT), MONTH)
    with month_run(MONTH, 7):
        module.record_baseline(partition(tmp_path, "model", MONTH), ROWS, scores)
    (run,) = find_runs("tags.role = 'baseline'")
    assert run.data.metrics == {f"holdout_{metric}": value for metric, value in scores.as_dict().items()}
    threshold = json.loads((partition(tmp_path, "model", MONTH) / "scores.json").read_text())["threshold"]
    parameters = {**BASELINE.parameters, "threshold": threshold}
    assert run.data.params == {parameter: str(value) for parameter, value in parameters.items()}
    assert (run.info.run_name, run.data.tags["stage"]) == ("baseline", "train")
    logged = mlflow.get_logged_model(output_of(run))
    assert logged.name == "model"
    assert MlflowClient().search_model_versions(f"name = '{name}'") == [], "it is the yardstick, not a candidate"
    again, logged_threshold = served(run)
    assert logged_threshold == threshold
    baseline = load_model(partition(tmp_path, "model", MONTH) / "model.skops")
    assert again == pytest.approx(churn_probability(baseline, HOLDOUT), abs=1e-6)
