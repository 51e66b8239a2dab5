"""The heart: one world, one seed, eight ways to run the same six stages; and all give the same answer."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn.__main__ import solve
from churn.harness.command import OperatorData
from churn.simulator.exports import export
from churn.simulator.faults import break_export
from churn.simulator.world import World
from tests import same_answer
from tests.demos import COMMANDS, ROOT, Demos, environment_python
from tests.same_answer import CHECKS, ISOLATION, NAMES, PIPELINES, Names
from workflow_pipeline.engine.runner import engine

ENGINE_PROMISED = os.environ.get("CI") == "true" and sys.platform == "linux"  # elsewhere the runners have none
Change = Callable[[Any], Any]
SEVEN = NAMES[:-1]  # without the nest


@pytest.fixture(scope="session")
def seven_runs(demos: Demos) -> Path:
    for name in SEVEN:
        demos.run(name)
    return demos.runs


@pytest.fixture(scope="session")
def eight_runs(seven_runs: Path, demos: Demos) -> Path:
    """All eight. The nest takes as long as the others in all, and needs a Docker engine."""
    client = engine()
    if client is None and not ENGINE_PROMISED:
        pytest.skip("no Docker engine answers")
    if client is not None:
        client.close()
    demos.run("together")
    return seven_runs


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.airflow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_seven_ways_give_the_same_answer(seven_runs: Path, check: Callable[[Path, Names], None]) -> None:
    check(seven_runs, SEVEN)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.airflow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_eight_ways_give_the_same_answer(eight_runs: Path, check: Callable[[Path, Names], None]) -> None:
    check(eight_runs, NAMES)


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.airflow
def test_where_an_engine_is_promised_the_steps_ran_in_containers(seven_runs: Path) -> None:
    same_answer.each_ran_where_it_says(seven_runs, SEVEN, ENGINE_PROMISED)


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.airflow
def test_the_comparison_of_them_says_so(seven_runs: Path) -> None:
    command = [environment_python("plain"), "-m", "churn.compare", "--runs", str(seven_runs)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"● plain .* reference ", said)
    assert all(re.search(rf"● {name} .* the same ", said) for name in SEVEN[1:])
    assert "not run" not in said
    page = (seven_runs / "compare.html").read_text(encoding="utf-8")
    assert all(f'href="{name}/report.json"' in page for name in SEVEN)


@pytest.fixture(scope="session")
def half_on_the_way(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return exports of which February lost half of its usage on the way, and the sentence that must say so."""
    source = tmp_path_factory.mktemp("half") / "source"
    export(World(customers=600, months=3, seed=11), source)
    usage = source / "month=2025-02" / "usage" / "part-00000.parquet"
    rows = len(pl.read_parquet(usage))
    break_export(source / "month=2025-02", "half_table", "usage")
    lost = f"{rows - rows // 2:,} of {rows:,} rows are missing (part-00000.parquet was cut or changed)"
    return source, f"usage 2025-02: {lost}: the export is not what its manifest lists, so wait until the operator "


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.airflow
@pytest.mark.parametrize("name", NAMES)
def test_eight_ways_refuse_half_an_export_in_the_same_words(
    half_on_the_way: tuple[Path, str], tmp_path: Path, name: str
) -> None:
    (source, sentence), (environment, module) = half_on_the_way, COMMANDS[name]
    refused = subprocess.run(
        [environment_python(environment), "-m", module, f"--source={source}", f"--runs={tmp_path}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    assert refused.returncode == 2, refused.stdout + refused.stderr
    incidents = tmp_path / name / "incidents.log"
    said = incidents.read_text(encoding="utf-8") if incidents.exists() else refused.stderr
    assert sentence in said
    assert [*tmp_path.glob("*/lake/raw/month=2025-02"), *tmp_path.glob(f"{name}/report.json")] == []


def test_each_pipeline_has_the_six_stage_files() -> None:
    same_answer.each_pipeline_has_the_six_files(ROOT)


def test_no_pipeline_uses_another() -> None:
    same_answer.no_pipeline_uses_another(ROOT)


# The checks themselves: eight runs that agree, one of them broken in one way, and the sentence that must say so.


@pytest.fixture(scope="session")
def agreeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One real run of the plain script, under the eight names. Nobody changes it."""
    world = World(customers=600, months=3, seed=11)
    folder = tmp_path_factory.mktemp("agreeing")
    export(world, folder / "source")
    solve(OperatorData(folder / "source", world.all_months(), world.seed), folder / "runs" / "plain")
    shutil.rmtree(folder / "runs" / "plain" / "lake")
    for name in NAMES[1:]:
        shutil.copytree(folder / "runs" / "plain", folder / "runs" / name)
        isolation = ISOLATION.get(name, "none")
        edit(folder / "runs", name, changed(pipeline=name, isolation=isolation))
    return folder / "runs"


@pytest.fixture
def runs(agreeing: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(agreeing, tmp_path / "runs"))


def edit(runs: Path, name: str, change: Change) -> None:
    path = runs / name / "report.json"
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


def edit_predictions(runs: Path, name: str, change: Change) -> None:
    path = runs / name / "predictions.parquet"
    change(pl.read_parquet(path)).write_parquet(path)


def nudged(by: float | None, row: int = 17) -> Change:
    moved = pl.col("churn_probability") + pl.lit(by, pl.Float64)
    return lambda frame: frame.with_columns(
        churn_probability=pl.when(pl.int_range(pl.len()) == row).then(moved).otherwise("churn_probability")
    )


def stages(change: Change) -> Change:
    return lambda report: report | {"stages": change(report["stages"])}


def changed(**values: Any) -> Change:
    return lambda report: report | values


def baseline(**values: float) -> Change:
    return lambda report: report | {"baseline": report["baseline"] | values}


def the_complaint(runs: Path) -> str:
    with pytest.raises(AssertionError) as complaint:
        for check in CHECKS:
            check(runs, NAMES)
    return str(complaint.value).splitlines()[0]


def test_runs_that_agree_pass(runs: Path) -> None:
    for check in CHECKS:
        check(runs, NAMES)
    same_answer.each_ran_where_it_says(runs, engine_promised=True)


@pytest.mark.parametrize("by", [1e-9, -0.9e-6])
def test_a_difference_below_a_millionth_passes(runs: Path, by: float) -> None:
    edit_predictions(runs, "model", nudged(by))
    same_answer.all_predict_the_same(runs)


@pytest.mark.parametrize("by", [2e-6, -2e-6, float("nan"), None])
def test_one_changed_prediction_is_named(runs: Path, by: float | None) -> None:
    edit_predictions(runs, "tracking", nudged(by))
    customer = pl.read_parquet(runs / "plain" / "predictions.parquet")["customer_id"][17]
    sentence = r"tracking: 1 of \d+ predictions in tracking/predictions.parquet are more than 1e-06 away; customer "
    assert re.match(rf"{sentence}{customer} has \S+, in plain 0\.\d+", the_complaint(runs))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda frame: frame[:-1], r"model: model/predictions.parquet has \d+ customers, plain has \d+"),
        (
            lambda frame: frame.reverse(),
            r"model: row 0 of model/predictions.parquet is customer \d+, in plain it is \d+",
        ),
        (
            lambda frame: frame.with_columns(pl.col("customer_id") + (pl.int_range(pl.len()) == 5).cast(pl.Int64)),
            r"model: row 5 of model/predictions.parquet is customer \d+, in plain it is \d+",
        ),
        (
            lambda frame: frame.cast({"churn_probability": pl.Float32}),
            "model: model/predictions.parquet has .*Float32.*, plain has .*Float64",
        ),
    ],
    ids=["one fewer", "another order", "another id", "fewer digits"],
)
def test_other_customers_are_named(runs: Path, change: Change, sentence: str) -> None:
    edit_predictions(runs, "model", change)
    assert re.match(sentence, the_complaint(runs))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        (
            "data",
            stages(lambda six: six[:-1]),
            r"data: data/report.json breaks the schema at \$.stages: .* too short",
        ),
        ("data", changed(remark=1), r"data: data/report.json breaks the schema at \$: Additional"),
        ("data", baseline(roc_auc=1.2), r"data: data/report.json breaks the schema at \$.baseline.roc_auc: 1.2 is gr"),
        ("data", changed(pipeline="model"), "data: data/report.json is of model"),
        (
            "workflow",
            stages(lambda six: [*six[:5], six[5] | {"status": "cached"}]),
            "workflow: deploy was not executed, its status is cached",
        ),
        (
            "data-dagster",
            changed(month="2025-02"),
            "data-dagster: month in data-dagster/report.json is 2025-02, plain has 2025-03",
        ),
        (
            "data",
            changed(data_fingerprint="0" * 64),
            "data: data_fingerprint in data/report.json is 0000",
        ),
        ("model", changed(seed=12), "model: seed in model/report.json is 12, plain has 11"),
        ("model", baseline(roc_auc=0.5), r"model: baseline.roc_auc in model/report.json is 0.5, plain has 0\.\d+"),
        (
            "tracking",
            changed(artifacts={"model": "lost.skops"}),
            "tracking: its model, tracking/lost.skops, is not there",
        ),
        (
            "data",
            changed(isolation="none"),
            "data: isolation in data/report.json is none, not process",
        ),
    ],
)
def test_a_report_that_is_not_right_is_named(runs: Path, name: str, change: Change, sentence: str) -> None:
    edit(runs, name, change)
    assert re.match(sentence, the_complaint(runs))


def test_a_missing_or_renamed_stage_is_named(runs: Path) -> None:
    for change in (lambda six: six[:3] + six[4:], lambda six: [*six[:3], six[3] | {"name": "model"}, *six[4:]]):
        edit(runs, "tracking", stages(change))
        with pytest.raises(AssertionError, match=r"tracking: its stages are .*; STAGES.md has collect, validate, proc"):
            same_answer.each_has_the_six_stages(runs)


@pytest.mark.parametrize("file", ["report.json", "predictions.parquet"])
def test_a_missing_file_is_named(runs: Path, file: str) -> None:
    (runs / "workflow" / file).unlink()
    assert the_complaint(runs) == f"workflow: workflow/{file} is missing"


def test_without_a_container_is_fine_only_where_no_engine_is_promised(runs: Path) -> None:
    edit(runs, "workflow", changed(isolation="none"))
    same_answer.each_ran_where_it_says(runs)
    with pytest.raises(AssertionError, match=r"workflow: isolation in workflow/report.json is none, not container"):
        same_answer.each_ran_where_it_says(runs, engine_promised=True)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Folders of the pipelines with empty stages."""
    for folder in ("churn", *PIPELINES):
        (tmp_path / folder).mkdir()
        for stage in same_answer.stage_table():
            (tmp_path / folder / f"{stage}.py").touch()
    return tmp_path


def test_a_missing_stage_file_is_named(folders: Path) -> None:
    same_answer.each_pipeline_has_the_six_files(folders)
    (folders / "data_pipeline" / "build.py").unlink()
    with pytest.raises(AssertionError, match=r"data_pipeline: the stage data_pipeline/build.py is missing"):
        same_answer.each_pipeline_has_the_six_files(folders)


@pytest.mark.parametrize(
    "line",
    [
        "import model_pipeline.train",
        "from model_pipeline import train",
        "def train():\n    from model_pipeline.train import train",
        "from ..model_pipeline import train",
        "from .. import model_pipeline",
        "train = importlib.import_module('model_pipeline.train')",
        "subprocess.run([sys.executable, '-m', 'model_pipeline'])",
    ],
)
def test_a_pipeline_that_uses_another_is_named(folders: Path, line: str) -> None:
    (folders / "tracking_pipeline" / "train.py").write_text("from churn.train import train\nimport tracking_pipeline\n")
    same_answer.no_pipeline_uses_another(folders)
    (folders / "tracking_pipeline" / "train.py").write_text(line)
    with pytest.raises(AssertionError, match=r"tracking_pipeline: tracking_pipeline/train.py uses model_pipeline"):
        same_answer.no_pipeline_uses_another(folders)
