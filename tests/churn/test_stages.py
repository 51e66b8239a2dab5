"""Stages can be run again, killed, and run on any number of threads: the answer is the same."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from churn.__main__ import solve
from churn.build import build
from churn.collect import collect, data_fingerprint
from churn.deploy import deploy
from churn.harness.command import OperatorData
from churn.harness.errors import BadInput, ContractBroken
from churn.lake import months_of, partition
from churn.process import process
from churn.simulator.faults import break_export
from churn.storage.atomic import sweep
from churn.train import train, training_and_holdout
from churn.validate import validate
from tests.churn.kill import killed, killed_after
from tests.churn.small_world import (
    MONTHS,
    NEWEST,
    WORLD,
    export_in_blocks,
    features_of,
    files,
    hidden_leftovers,
    learn,
    rows,
    run_stages,
    take_in,
    without_manifests,
)

ROOT = Path(__file__).parents[2]
BEFORE = MONTHS[-2]
STAGES: dict[str, Callable[[Path, Path], object]] = {
    "collect": lambda source, lake: collect(source, lake, NEWEST),
    "validate": lambda source, lake: validate(lake, NEWEST),
    "process": lambda source, lake: process(lake, NEWEST),
    "build": lambda source, lake: build(lake, NEWEST),
    "train": lambda source, lake: train(lake, NEWEST),
    "deploy": lambda source, lake: deploy(lake, NEWEST),
}
OUTPUTS = {
    "collect": [("raw", NEWEST)],
    "validate": [("valid", NEWEST), ("quarantine", NEWEST)],
    "process": [("features", NEWEST), ("labels", BEFORE)],
    "build": [("training", NEWEST)],
    "train": [("model", NEWEST)],
    "deploy": [("predictions", NEWEST)],
}


def run_stage(stage: str, source: Path, lake: Path) -> None:
    STAGES[stage](source, lake)


def whole_run(source: Path, folder: Path) -> None:
    solve(OperatorData(source, MONTHS, WORLD.seed), folder)


@pytest.mark.parametrize("month", MONTHS)
def test_rerun_of_a_month_changes_nothing(operator: Path, lake: Path, clean_lake: Path, month: str) -> None:
    take_in(operator / "source", lake, month)
    assert files(lake) == files(clean_lake)


def test_rerun_of_the_model_stages_changes_nothing(lake: Path, clean_lake: Path) -> None:
    learn(lake, NEWEST)
    assert files(lake) == files(clean_lake)


def test_months_rebuilt_in_any_order_come_out_the_same(lake: Path, clean_lake: Path) -> None:
    shutil.rmtree(lake / "features")
    shutil.rmtree(lake / "labels")
    for month in reversed(MONTHS):
        process(lake, month)
    assert files(lake) == files(clean_lake)


def test_the_lake_has_what_the_stages_promise_and_no_more(clean_lake: Path) -> None:
    everything = {table: MONTHS for table in ("raw", "valid", "quarantine", "features")}
    expected = (
        everything | {"labels": MONTHS[:-1]} | {table: [NEWEST] for table in ("training", "model", "predictions")}
    )
    assert {folder.name: months_of(clean_lake, folder.name) for folder in clean_lake.iterdir()} == expected


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_killed_at_any_moment_and_run_again_gives_the_clean_result(
    operator: Path, clean_lake: Path, tmp_path: Path, stage: str
) -> None:
    lake = tmp_path / "lake"
    later = list(STAGES)[list(STAGES).index(stage) :]
    outputs = [partition(lake, *output) for name in later for output in OUTPUTS[name]]
    clean = files(clean_lake)
    moments = range(0, 1000, 5)
    for at in moments:
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(clean_lake, lake)
        for folder in outputs:
            shutil.rmtree(folder)
        if not killed(tmp_path, at, run_stage, stage, operator / "source", lake):
            break
        sweep(lake)
        assert hidden_leftovers(lake) == []
        there = files(lake)
        assert there.items() <= clean.items()
        for folder in outputs:
            name = folder.relative_to(lake).as_posix()
            whole = {path for path in clean if path.startswith(name)}
            assert whole & there.keys() in (set(), whole), f"half of {name}"
        for name in later:
            run_stage(name, operator / "source", lake)
        assert files(lake) == clean
    assert at >= moments[2], "it was killed at more than one moment"


@pytest.mark.slow
def test_an_export_killed_at_any_moment_and_run_again_gives_the_clean_result(operator: Path, tmp_path: Path) -> None:
    survived = False
    for at in range(0, 1000, 15):
        folder = tmp_path / str(at)
        folder.mkdir()
        survived = not killed(folder, at, export_in_blocks, WORLD, folder / "source")
        if not survived:
            there = {name: sha for name, sha in files(folder).items() if not name.startswith(".")}
            assert there.items() <= files(operator).items()
            export_in_blocks(WORLD, folder / "source")
        assert files(folder) == files(operator)
        assert hidden_leftovers(folder) == []
        if survived:
            break
    assert survived
    assert at > 15


def test_an_export_leaves_the_workplace_of_another_alone(operator: Path, tmp_path: Path) -> None:
    """Two exports at once: the one must not sweep away what the other is writing."""
    steps: list[None] = []

    def second_export() -> None:
        if not steps:
            steps.append(None)
            export_in_blocks(WORLD, tmp_path / "source", MONTHS[:1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("churn.simulator.behaviour.CUSTOMERS_PER_BLOCK", 350)
        from churn.simulator.exports import export

        export(WORLD, tmp_path / "source", advance=second_export)
    assert steps
    assert files(tmp_path) == files(operator)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.15, 0.4, 0.9])
def test_a_run_killed_any_time_and_run_again_gives_the_clean_answer(
    operator: Path, clean_lake: Path, tmp_path: Path, seconds: float
) -> None:
    killed_after(seconds, whole_run, operator / "source", tmp_path / "plain")
    whole_run(operator / "source", tmp_path / "plain")
    predictions = pl.read_parquet(tmp_path / "plain" / "predictions.parquet")
    assert predictions.equals(rows(clean_lake, "predictions", NEWEST))
    assert files(tmp_path / "plain" / "lake") == files(clean_lake)
    assert hidden_leftovers(tmp_path) == []


@pytest.mark.slow
def test_one_thread_or_two_give_the_same_bytes(operator: Path, clean_lake: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.churn.small_world import *;"
        "import polars, threadpoolctl; run_stages(Path(sys.argv[1]), Path(sys.argv[2]), MONTHS);"
        "print(polars.thread_pool_size())"
    )
    variables = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    for threads in ("1", "2"):
        lake = tmp_path / threads
        done = subprocess.run(
            [sys.executable, "-c", script, operator / "source", lake],
            env={**os.environ, "PYTHONPATH": str(ROOT), **dict.fromkeys(variables, threads)},
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == threads
        assert files(lake) == files(clean_lake)


def test_after_the_gate_closes_the_month_before_stays_served(source: Path, lake: Path, clean_lake: Path) -> None:
    break_export(source / f"month={NEWEST}", "negative_minutes", share=0.5)
    collect(source, lake, NEWEST)
    with pytest.raises(ContractBroken):
        validate(lake, NEWEST)
    for table in ("valid", "features", "labels", "training", "model", "predictions"):
        assert files(lake / table) == files(clean_lake / table)
    assert (
        "minutes < 0" in json.loads((partition(lake, "quarantine", NEWEST) / "quality.json").read_text())["problems"][0]
    )


def test_raw_is_what_was_delivered_to_the_byte(operator: Path, clean_lake: Path) -> None:
    delivered = files(operator / "source")
    collected = files(clean_lake / "raw")
    assert delivered.items() <= collected.items()
    for month in MONTHS:
        written_down = json.loads((partition(clean_lake, "raw", month) / "checksums.json").read_text())
        assert written_down == files(operator / "source" / f"month={month}")
    assert len(collected) == len(delivered) + len(MONTHS)


def test_the_fingerprint_covers_all_months_up_to_one(source: Path, lake: Path, clean_lake: Path) -> None:
    fingerprints = [data_fingerprint(clean_lake, month) for month in MONTHS]
    assert len(set(fingerprints)) == len(MONTHS)
    break_export(source / f"month={MONTHS[2]}", "new_plan")
    collect(source, lake, MONTHS[2])
    changed = [data_fingerprint(lake, month) != before for month, before in zip(MONTHS, fingerprints, strict=True)]
    assert changed == [False, False, True, True, True]


def test_the_split_is_by_time(clean_lake: Path) -> None:
    train_rows, holdout = training_and_holdout(clean_lake, NEWEST)
    assert train_rows["month"].unique().sort().to_list() == MONTHS[:-2]
    assert holdout["month"].unique().to_list() == [BEFORE]
    assert len(train_rows) == sum(len(features_of(clean_lake, month)) for month in MONTHS[:-2])
    assert len(holdout) == len(features_of(clean_lake, BEFORE))
    labels = rows(clean_lake, "labels", BEFORE)
    assert holdout["churned"].sum() == labels["churned"].sum() > 0


def test_too_little_history_is_refused(lake: Path) -> None:
    with pytest.raises(
        BadInput, match=r"too little history to learn for 2025-02: process at least 3 months .*2025-01\)"
    ):
        build(lake, MONTHS[1])
    assert months_of(lake, "training") == [NEWEST]


@pytest.mark.parametrize(
    ("stage", "missing", "sentence"),
    [
        (validate, "raw", "raw of 2025-05 is missing in .*: run collect for 2025-05 first"),
        (train, "training", "training of 2025-05 is missing in .*: run build for 2025-05 first"),
        (deploy, "model", "model of 2025-05 is missing in .*: run train for 2025-05 first"),
        (deploy, "features", "features of 2025-05 is missing in .*: run process for 2025-05 first"),
    ],
)
def test_a_stage_without_its_input_says_which_stage_makes_it(
    lake: Path, stage: Callable[[Path, str], object], missing: str, sentence: str
) -> None:
    shutil.rmtree(partition(lake, missing, NEWEST))
    before = files(lake)
    with pytest.raises(BadInput, match=sentence):
        stage(lake, NEWEST)
    assert files(lake) == before


def test_predictions_are_one_per_customer_there_and_sorted(clean_lake: Path) -> None:
    predictions = rows(clean_lake, "predictions", NEWEST)
    assert predictions.columns == ["customer_id", "churn_probability"]
    assert predictions["customer_id"].to_list() == features_of(clean_lake, NEWEST)["customer_id"].to_list()
    assert predictions["churn_probability"].is_between(0, 1, closed="none").all()
    assert rows(clean_lake, "features", NEWEST)["customer_id"].is_sorted() is False, "there are several parts"


def test_the_model_ranks_those_who_leave_above_those_who_stay(clean_lake: Path) -> None:
    scores = json.loads((partition(clean_lake, "model", NEWEST) / "scores.json").read_text())
    assert 0.65 < scores["roc_auc"] < 0.95


@pytest.mark.slow
def test_two_parts_and_one_give_the_same_answer(clean_lake: Path, tmp_path: Path) -> None:
    """How the exports are cut into files is nobody's business but the operator's."""
    whole = tmp_path / "source"
    for month in MONTHS:
        for table in (partition(clean_lake, "raw", month)).iterdir():
            if table.is_dir():
                (whole / f"month={month}" / table.name).mkdir(parents=True)
                frame = pl.read_parquet(table / "*.parquet", hive_partitioning=False)
                frame.write_parquet(whole / f"month={month}" / table.name / "all.parquet")
    predictions = run_stages(whole, tmp_path / "lake", MONTHS)
    for month in MONTHS:
        assert features_of(tmp_path / "lake", month).equals(features_of(clean_lake, month))
    expected = rows(clean_lake, "predictions", NEWEST)
    assert predictions["customer_id"].equals(expected["customer_id"])
    assert float((predictions["churn_probability"] - expected["churn_probability"]).abs().max()) < 1e-6  # type: ignore[arg-type]


def recut(source: Path, cut: Callable[[pl.DataFrame, str, str], dict[str, pl.DataFrame]]) -> None:
    for folder in source.glob("month=*/*"):
        frame = pl.read_parquet(folder / "*.parquet", hive_partitioning=False)
        for file in folder.iterdir():
            file.unlink()
        for name, part in cut(frame, folder.name, folder.parent.name).items():
            part.write_parquet(folder / name)


def halves(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    middle = len(frame) // 2
    return {"part-00000.parquet": frame[:middle], "part-00001.parquet": frame[middle:]}


CUTS: dict[str, tuple[Callable[[pl.DataFrame, str, str], dict[str, pl.DataFrame]], str]] = {
    "by rows": (lambda frame, table, month: halves(frame.sort("customer_id")), "has rows in part-00000"),
    "by date": (lambda frame, table, month: halves(frame.sort(pl.col(pl.Date))), "has rows in part-00000"),
    "twice": (lambda frame, table, month: dict.fromkeys(("a.parquet", "b.parquet"), frame), "has rows in a.parquet"),
    "named by table": (
        lambda frame, table, month: {f"{table}.parquet": frame},
        "customers has no cancellations.parquet",
    ),
    "named by month": (lambda frame, table, month: {f"{month}.parquet": frame}, "has no month=2025-01.parquet"),
}


@pytest.mark.parametrize("cut", CUTS)
def test_parts_that_split_a_customer_close_the_gate(source: Path, tmp_path: Path, cut: str) -> None:
    how, message = CUTS[cut]
    without_manifests(source)
    recut(source, how)
    with pytest.raises(ContractBroken, match=f"export 2025-0[12]: .*{message}.*: a part holds whole customers"):
        run_stages(source, tmp_path / "lake", MONTHS)
    assert months_of(tmp_path / "lake", "valid") == (MONTHS[:1] if cut == "named by month" else [])
