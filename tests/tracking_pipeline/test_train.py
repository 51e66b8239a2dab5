"""From trials to challenger: the newest training month ranks the candidates, the hold-out month has no part in it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import polars as pl
import pytest
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from churn import train as plain
from churn.lake import partition
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.train import fitted
from tests.witness import CHARGE, Question, Witness, marked_rows, watch
from tracking_pipeline import train as module
from tracking_pipeline.candidates.estimators import BASELINE, CANDIDATES, estimator
from tracking_pipeline.candidates.judged import Trial, judged, rows_to_search
from tracking_pipeline.record import child_run, find_runs, month_run
from tracking_pipeline.registry import CHALLENGER, aliased, load_version

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
    assert float(run.data.params["C"]) == BASELINE.parameters["C"]
