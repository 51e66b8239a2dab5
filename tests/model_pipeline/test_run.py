"""The six stages end to end: the same answer as the plain script, a report, and a card a person can read offline."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from churn import __main__ as plain
from churn.evaluation.scores import score
from churn.harness.command import OperatorData
from churn.harness.processes import alone_in
from churn.lake import partition
from churn.tables import LABEL
from churn.train import training_and_holdout
from model_pipeline import __main__ as command
from model_pipeline.build import CANDIDATES
from model_pipeline.model_file.skops_file import load_model, positive_probability
from model_pipeline.own_table.read_csv import read_csv
from model_pipeline.train import fit_best
from tests.model_pipeline.conftest import NEWEST, WORLD, Run

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_baseline_answers_as_the_plain_script_does_to_the_last_bit(finished: Run, tmp_path: Path) -> None:
    plain.solve(OperatorData(finished.source, WORLD.all_months(), WORLD.seed), tmp_path / "plain")
    ours, theirs = (pl.read_parquet(folder / "predictions.parquet") for folder in (finished.folder, tmp_path / "plain"))
    assert ours.equals(theirs)
    reports = [json.loads((folder / "report.json").read_text()) for folder in (finished.folder, tmp_path / "plain")]
    for same in ("month", "holdout_month", "customers", "data_fingerprint", "baseline", "ceiling_roc_auc"):
        assert reports[0][same] == reports[1][same]


def test_the_report_keeps_the_schema_and_its_files_are_there(finished: Run) -> None:
    report = json.loads((finished.folder / "report.json").read_text())
    jsonschema.validate(report, json.loads((ROOT / "churn" / "harness" / "report.schema.json").read_text()))
    assert [stage["name"] for stage in report["stages"]] == [
        "collect",
        "validate",
        "process",
        "build",
        "train",
        "deploy",
    ]
    assert all((finished.folder / path).is_file() for path in report["artifacts"].values())
    assert report["best"]["roc_auc"] > 0.55


def test_the_scores_are_those_of_the_model_in_the_lake_on_the_hold_out_month(finished: Run) -> None:
    _, holdout = training_and_holdout(finished.lake, NEWEST)
    best = partition(finished.lake, "best", NEWEST)
    model = load_model(best / "model.skops")
    expected = score(
        holdout[LABEL], positive_probability(model, holdout), model.threshold, holdout["monthly_charge_eur"]
    )
    assert json.loads((best / "scores.json").read_text()) == {"threshold": model.threshold, **expected.as_dict()}


@pytest.mark.slow
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


def test_whom_to_call_is_everyone_at_or_above_the_threshold_riskiest_first(finished: Run) -> None:
    model = load_model(finished.folder / "model.skops")
    features = pl.read_parquet(partition(finished.lake, "features", NEWEST) / "*.parquet", hive_partitioning=False)
    probability = pl.Series(positive_probability(model, features))
    expected = set(features.filter(probability >= model.threshold)["customer_id"])
    calls = pl.read_csv(finished.folder / "whom_to_call.csv")
    assert set(calls["customer_id"]) == expected
    assert calls["churn_probability"].is_sorted(descending=True)


def test_customers_read_from_the_csv_get_the_probabilities_they_had_in_the_lake(finished: Run) -> None:
    model = load_model(finished.folder / "model.skops")
    table, *_ = read_csv(finished.folder / "customers.csv")
    calls = pl.read_parquet(partition(finished.lake, "calls", NEWEST) / "calls.parquet").head(len(table))
    assert table["customer_id"].cast(pl.Int64).equals(calls["customer_id"].cast(pl.Int64))
    from_csv = pl.Series(positive_probability(model, table))
    assert (from_csv - calls["churn_probability"]).abs().max() < 1e-12  # type: ignore[operator] # a number


class Fetches(HTMLParser):
    """Collect the addresses that a browser fetches when it opens the page, without links that wait for a click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") or given.get("srcset") or (given.get("href") if tag == "link" else None)
        if tag == "img":
            self.images.append(given.get("src") or "")
        if source and not source.startswith("data:"):
            self.found.append(source)


def test_the_card_carries_its_plots_and_asks_no_server_for_anything(finished: Run) -> None:
    page = (finished.folder / "card.html").read_text(encoding="utf-8")
    seen = Fetches()
    seen.feed(page)
    assert seen.found == []
    assert not re.search(r"@import|url\((?!data:|#)", page)
    assert seen.images == []
    assert not re.search("x[0-9a-f]{8}", page), "an address in memory"
    assert len(re.findall('<svg viewBox="[^"]+" role="img" aria-label="[^"]+">', page)) == 4


def test_the_markdown_card_shows_the_plots_next_to_it_and_the_scores_of_the_report(finished: Run) -> None:
    card = (finished.folder / "card.md").read_text(encoding="utf-8")
    images = re.findall(r"!\[[^]]+\]\(([^)]+)\)", card)
    assert len(images) == 4
    assert all((finished.folder / image).is_file() for image in images)
    report = json.loads((finished.folder / "report.json").read_text())
    for model in ("baseline", "best"):
        row = next(line for line in card.splitlines() if line.startswith(f"| {model} |"))
        assert f"{report[model]['roc_auc']:.4f}" in row
        assert f"{report[model]['campaign_value_eur']:,.0f}".replace("-", "−") in row


@pytest.mark.parametrize("name", ["profit", "gap_to_ceiling", "calibration", "importance"])
def test_a_plot_holds_neither_a_date_nor_a_version(finished: Run, name: str) -> None:
    """The same run then gives the same bytes, and a plot changes only when its figures change."""
    content = (finished.folder / f"{name}.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert b"tEXt" not in content


def test_a_second_run_at_once_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["model_pipeline", "--runs", str(tmp_path)])
    monkeypatch.setattr(command, "operator_data", lambda _: pytest.fail("it went on"))
    with alone_in(tmp_path / "model", "the first one"), pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    busy = f"another run is at work in {tmp_path / 'model'}: wait for it, or choose a different folder with --runs"
    assert capsys.readouterr().err == f"error: {busy}\n"
