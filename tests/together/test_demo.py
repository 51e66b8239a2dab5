"""`make demo-together`: a month cut short, a bad challenger, an endpoint that follows, and nothing left over."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from churn.lake import months_of, partition
from tests.demos import MONTH, Demos
from tests.together.conftest import NAME, together
from together.handover import read_handover

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.docker, pytest.mark.airflow]

Story = subprocess.CompletedProcess[str]


def test_the_gate_closes_on_half_a_month_and_the_previous_model_stays(story: Story) -> None:
    assert re.search(
        rf"incident .* {MONTH} exports.validate failed: .*hardly any rows from {MONTH}-16 to", story.stdout
    )
    assert f"{MONTH} is missing, so the model and the predictions of 2025-05 stay live" in story.stdout


def test_after_the_correction_only_what_depends_on_it_runs(story: Story) -> None:
    (ran,) = re.findall(r"ran after the correction: (.*)", story.stdout)
    expected = {f"{dag} {MONTH}" for dag in ("exports", "features", "models")} | {"features 2025-05", "models 2025-05"}
    assert set(ran.split(", ")) == expected


def test_the_bad_challenger_is_refused_then_forced_then_rolled_back(story: Story) -> None:
    decisions = re.findall(rf"{MONTH} +(\d+) +(refused|forced|rolled back) +(\d+)", story.stdout)
    bad = decisions[-1][0]
    assert [what for _, what, _ in decisions[-3:]] == ["refused", "forced", "rolled back"]
    before = decisions[-3][2]
    assert [live for _, _, live in decisions[-3:]] == [before, bad, before]


def test_the_endpoint_follows_the_alias_without_a_restart(story: Story) -> None:
    rows = re.findall(r"(before|forced|rolled back) +(\d+) +(0\.\d+) +(0\.\d+) +(0\.\d+) +([\d.]+)", story.stdout)
    before, forced, back = rows
    assert before[1] == back[1] != forced[1]
    assert before[2:5] == back[2:5]
    assert all(float(bad) > float(good) for bad, good in zip(forced[2:5], before[2:5], strict=True))
    assert max(float(row[5]) for row in rows) < 30


def test_nothing_is_left_running(story: Story, demos: Demos) -> None:
    assert demos.left_running[NAME] == []
    docker = ["docker", "ps", "--all", "--quiet", "--filter", f"label=one-churn-problem.folder={demos.runs / NAME}"]
    steps = [*docker[:-1], f"label=one-churn-problem.folder={demos.runs / NAME / 'kfp' / 'steps'}"]
    networks = ["docker", "network", "ls", "--quiet", "--filter", steps[-1]]
    for command in (steps, networks):
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
    assert not (demos.runs / NAME / "servers.json").exists()


def test_no_password_is_left_in_a_log(story: Story, demos: Demos) -> None:
    printed = story.stdout + story.stderr
    assert "password" not in printed.lower()


def test_a_model_was_trained_for_two_months_and_no_other(story: Story, demos: Demos) -> None:
    assert months_of(demos.runs / NAME / "lake", "live") == ["2025-05", MONTH]
    assert months_of(demos.runs / NAME, "handover") == ["2025-05", MONTH]


def test_what_the_live_model_predicts_is_the_searched_model_not_the_baseline(story: Story, demos: Demos) -> None:
    lake = demos.runs / NAME / "lake"
    live = pl.read_parquet(partition(lake, "live", MONTH) / "live.parquet", glob=False)
    baseline = pl.read_parquet(demos.runs / NAME / "predictions.parquet", glob=False)
    assert live["customer_id"].equals(baseline["customer_id"])
    difference = np.abs(live["churn_probability"].to_numpy() - baseline["churn_probability"].to_numpy())
    assert difference.max() > 1e-3


def test_the_picture_and_each_engines_own_record_are_there(story: Story, demos: Demos) -> None:
    folder = demos.runs / NAME
    assert (folder / "timeline.png").stat().st_size > 10_000
    steps = json.loads((folder / "kfp" / f"{MONTH}.json").read_text(encoding="utf-8"))
    assert [step["name"] for step in steps] == ["build", "train", "deploy"]
    assert read_handover(partition(folder, "handover", MONTH)).airflow_run
    assert (folder / "tracking" / "mlflow.db").is_file()


def test_lineage_leads_from_a_probability_to_the_raw_export(story: Story, demos: Demos, copied: Path) -> None:
    live = pl.read_parquet(partition(demos.runs / NAME / "lake", "live", MONTH) / "live.parquet", glob=False)
    customer, probability = live.row(7)
    done = together(copied, "lineage", f"--customer={customer}", f"--month={MONTH}")
    assert done.returncode == 0, done.stderr
    assert f"{probability:.6f}, customer {customer}, {MONTH}" in done.stdout
    links = ["scored table", "model version", "training run", "training partition", "image", "hand-over", "Airflow run"]
    for link in [*links, "feature partition", "raw export", "commit"]:
        assert re.search(rf"^ +{link} ", done.stdout, re.MULTILINE), link


def test_a_broken_link_is_named(copied: Path) -> None:
    for month in ("2025-05", MONTH):  # whichever month the live model has learnt in
        rows = partition(copied / NAME / "lake", "training", month) / "train.parquet"
        pl.read_parquet(rows, glob=False).head(100).write_parquet(rows)
    live = pl.read_parquet(partition(copied / NAME / "lake", "live", MONTH) / "live.parquet", glob=False)
    done = together(copied, "lineage", f"--customer={live['customer_id'][0]}", f"--month={MONTH}")
    assert done.returncode == 2
    assert re.search(rf"the chain is broken at training ({MONTH}|2025-05): it was changed", done.stderr)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("lineage", "--customer=0"), "customer 0 was not scored in"),
        (("lineage", "--customer=1", "--month=2025-02"), "nothing was scored in 2025-02"),
        (("lineage",), "name a customer: CUSTOMER=17"),
    ],
)
def test_a_question_without_an_answer_is_one_sentence(copied: Path, words: tuple[str, ...], sentence: str) -> None:
    done = together(copied, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
