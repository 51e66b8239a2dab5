"""`make demo-tracking`: three months of models, then a bad one that is refused, forced live and rolled back."""

import shutil
import time
from argparse import Namespace
from pathlib import Path

import mlflow
import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.scores import Scores
from churn.harness.command import OperatorData, make_settings, operator_data
from churn.harness.terminal import Bar, progress_bar
from churn.harness.unfinished import unfinished
from churn.tables import FEWEST_MONTHS_TO_LEARN
from churn.train import training_and_holdout
from tracking_pipeline import pipeline
from tracking_pipeline.promote import decide, force, roll_back
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import load_champion
from tracking_pipeline.safety.store import open_store, start_registry_again, store_name
from tracking_pipeline.servers.scoring import ask, champion_server
from tracking_pipeline.story.bad_model import BAD, bad_model
from tracking_pipeline.story.summary import print_story, write_summary
from tracking_pipeline.train import put_forward

GENERATIONS = 3
TIMES_ASKED = 3  # before the bad model, with it, and after the rollback
CUSTOMERS_ASKED_ABOUT = 3


def demo(arguments: Namespace) -> None:
    """Let three months go by, then tell the story of the bad model; write the report and print what happened."""
    data = operator_data(arguments)
    folder = arguments.runs / "tracking"
    lake, log = folder / "lake", folder / "mlflow.log"
    with unfinished(folder):
        open_store(folder, store_name(data))
        start_registry_again()
        shutil.rmtree(lake, ignore_errors=True)  # MLflow keeps no data: it would not notice data of another world
        months = months_to_train(data.months)
        with progress_bar("tracking", len(months) + TIMES_ASKED, "tracking") as bar:
            scores, predictions = train_in_each(months, data, lake, bar)
            answers = put_bad_model_live(data, lake, log, bar)
            bar.say("three months, and a rollback")
        report = write_summary(folder, data, scores, predictions)
        print_story(report, answers, first_month=months[0], log=log, settings=make_settings(arguments))


def months_to_train(months: list[str]) -> list[str]:
    """Return the newest three months; fewer if the data begins too late for that."""
    return months[FEWEST_MONTHS_TO_LEARN - 1 :][-GENERATIONS:]


def train_in_each(months: list[str], data: OperatorData, lake: Path, bar: Bar) -> tuple[Scores, pl.DataFrame]:
    """Train in each month as of that month: with the exports up to it, and none that came later.

    Returns the newest month's baseline: its scores and its predictions.
    """
    collected: list[str] = []
    for month in months:
        bar.say(f"{month}: six stages")
        due = [past for past in data.months if past <= month and past not in collected]
        scores, predictions = pipeline.run(data.source, lake, due, data.seed)
        collected += due
        bar.advance()
    return scores, predictions


def put_bad_model_live(data: OperatorData, lake: Path, log: Path, bar: Bar) -> list[list[str]]:
    """Let the gate refuse the bad model, force it live, and roll back.

    Returns the scoring server's answers, a row for each time it was started.
    """
    rows, holdout = training_and_holdout(lake, data.newest)
    customers = holdout.head(CUSTOMERS_ASKED_ABOUT)
    champion = load_champion()
    answers = [_answers(f"version {champion.version}", customers, log, bar)]
    with month_run(data.newest, data.seed, "bad model"):
        mlflow.set_tag("data_fingerprint", data_fingerprint(lake, data.newest))
        bad = put_forward(BAD, bad_model(), champion.threshold, rows, data.newest)
        decide(lake, data.newest, bad)
        force(bad)
        answers.append(_answers(f"version {bad.version}, forced", customers, log, bar))
        back = roll_back()
    answers.append(_answers(f"version {back.live}, rolled back", customers, log, bar))
    return answers


def _answers(what: str, customers: pl.DataFrame, log: Path, bar: Bar) -> list[str]:
    """Start the scoring server and ask it. Returns `what` is live, the answers, and the seconds that this took."""
    bar.say(f"asking {what}")
    started = time.perf_counter()
    with champion_server(log) as address:
        answers = ask(address, customers)
        seconds = time.perf_counter() - started
    bar.advance()
    return [what, *(f"{answer:.4f}" for answer in answers), f"{seconds:.1f}"]
