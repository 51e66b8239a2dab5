"""Months go by: three months of training, then a bad challenger that is refused, forced through and rolled back."""

import time
from pathlib import Path

import polars as pl

from churn.harness.command import OperatorData
from churn.harness.report import StageClock
from churn.harness.terminal import Bar
from churn.tables import FEWEST_MONTHS_TO_LEARN
from churn.train import training_and_holdout
from tracking_pipeline import pipeline
from tracking_pipeline.build import Candidate
from tracking_pipeline.pipeline import Generation
from tracking_pipeline.promote import decide, force, roll_back
from tracking_pipeline.record import month_run, run_tags
from tracking_pipeline.safety.store import registry_era
from tracking_pipeline.servers.scoring import ask, champion_server
from tracking_pipeline.train import challenger

GENERATIONS = 3
TIMES_ASKED = 3  # before the bad challenger, with it, and after the rollback
SHOUTING = Candidate("shouting", {})  # "churn is rare, weigh it up!": ranks as well, probabilities ten times too high
CUSTOMERS_ASKED_ABOUT = 3


def months_to_train(months: list[str]) -> list[str]:
    """The newest three; fewer if the data begins too late for that."""
    return months[FEWEST_MONTHS_TO_LEARN - 1 :][-GENERATIONS:]


def three_months(data: OperatorData, lake: Path, registered: str, clock: StageClock, bar: Bar) -> list[Generation]:
    """Train in each of the months as of that month: with the exports up to it, and none that came later."""
    generations: list[Generation] = []
    collected: list[str] = []
    for month in months_to_train(data.months):
        bar.say(f"{month}: six stages")
        due = [each for each in data.months if each <= month and each not in collected]
        tags = run_tags(month, data.seed, registry_era(registered))
        generations.append(pipeline.run(data.source, lake, due, registered, tags, clock))
        collected += due
        bar.advance()
    return generations


def bad_challenger(
    last: Generation, lake: Path, registered: str, seed: int | None, log: Path, bar: Bar
) -> list[list[str]]:
    """Refuse it, force it through, roll back. Returns what the scoring server answered meanwhile, a row per start."""
    rows, holdout = training_and_holdout(lake, last.month)
    customers = holdout.head(CUSTOMERS_ASKED_ABOUT)
    tags = {**run_tags(last.month, seed, registry_era(registered)), "data_fingerprint": last.data_fingerprint}
    answers = [_answers(f"version {last.decision.live}", registered, customers, log, bar)]
    with month_run(tags, "bad model"):
        bad = challenger(SHOUTING, last.trials[0].threshold, rows, registered, tags)
        decide(bad, holdout, tags)
        force(bad, tags)
        answers.append(_answers(f"version {bad.version}, forced", registered, customers, log, bar))
        back = roll_back(registered, tags)
    answers.append(_answers(f"version {back.live}, rolled back", registered, customers, log, bar))
    return answers


def _answers(who: str, registered: str, customers: pl.DataFrame, log: Path, bar: Bar) -> list[str]:
    bar.say(f"asking {who}")
    started = time.perf_counter()
    with champion_server(registered, log) as address:
        answers = ask(address, customers)
        seconds = time.perf_counter() - started
    bar.advance()
    return [who, *(f"{answer:.4f}" for answer in answers), f"{seconds:.1f}"]
