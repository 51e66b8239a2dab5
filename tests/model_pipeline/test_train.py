"""The same seed gives the same model, and the trials are what the search tried."""

import json

from threadpoolctl import threadpool_limits

from churn.lake import partition
from churn.train import training_and_holdout
from model_pipeline.build import CANDIDATES
from model_pipeline.model_file.skops_file import positive_probability
from model_pipeline.train import fit_best
from tests.model_pipeline.conftest import NEWEST, Run


def test_one_thread_or_two_and_once_or_twice_the_same_seed_gives_the_same_bits(finished: Run) -> None:
    rows, holdout = training_and_holdout(finished.lake, NEWEST)
    answers = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            model, _ = fit_best(rows, seed=5)
            answers.append((model.threshold, positive_probability(model, holdout).tobytes()))
    assert answers[0] == answers[1]


def test_the_trials_lie_in_the_lake_best_first(finished: Run) -> None:
    trials = json.loads((partition(finished.lake, "best", NEWEST) / "trials.json").read_text())
    losses = [trial["log_loss"] for trial in trials]
    assert len(losses) == CANDIDATES
    assert losses == sorted(losses)
