"""Every run leaves the same two files, and a report means that the run was finished."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from jsonschema import Draft202012Validator

from churn.__main__ import solve
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.evaluation.scores import score
from churn.harness import report as report_module
from churn.harness.command import OperatorData
from churn.harness.errors import BadInput
from churn.harness.report import Report, predictions_sha256, read_report, write_report
from churn.lake import partition
from churn.train import training_and_holdout
from tests.churn.small_world import MONTHS, NEWEST, WORLD, files, hidden_leftovers, rows

SCHEMA = json.loads((Path(report_module.__file__).with_name("report.schema.json")).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def plain(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "plain"
    solve(OperatorData(operator / "source", MONTHS, WORLD.seed), folder)
    return folder


@pytest.fixture
def content(plain: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((plain / "report.json").read_text(encoding="utf-8"))
    return written


def errors(content: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(content)]


def test_the_report_keeps_to_its_schema(content: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert errors(content) == []


def test_the_schema_and_the_report_have_the_same_fields() -> None:
    assert set(SCHEMA["properties"]) == set(Report.__dataclass_fields__)
    assert set(SCHEMA["properties"]) - set(SCHEMA["required"]) == {"best"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"pipeline": "mine"},
        {"isolation": "jail"},
        {"month": "2025-13"},
        {"seed": -1},
        {"customers": 0},
        {"data_fingerprint": "abc"},
        {"stages": []},
        {"ceiling_roc_auc": 1.1},
        {"baseline": {"roc_auc": 0.8}},
        {"artifacts": {"model": "/home/me/model.skops"}},
        {"artifacts": {"model": "../../model.skops"}},
        {"artifacts": {"model": "model\0.skops"}},
        {"engine": {"name": "python"}},
        {"remark": "one field too many"},
    ],
)
def test_the_schema_refuses_what_is_no_report(content: dict[str, Any], wrong: dict[str, Any], tmp_path: Path) -> None:
    assert errors(content | wrong)
    (tmp_path / "report.json").write_text(json.dumps(content | wrong), encoding="utf-8")
    with pytest.raises(BadInput, match=r"report.json is not a run report \(\$.*\): run the pipeline again"):
        read_report(tmp_path / "report.json")


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1e16", "9" * 400, "9" * 5000, '"many"'])
def test_a_number_that_nothing_can_be_computed_with_is_refused(plain: Path, tmp_path: Path, number: str) -> None:
    text = (plain / "report.json").read_text(encoding="utf-8")
    (tmp_path / "report.json").write_text(re.sub(r'(?<="campaign_value_eur": )[-\d.]+', number, text), encoding="utf-8")
    with pytest.raises(BadInput, match=r"report.json is not a run report"):
        read_report(tmp_path / "report.json")


@pytest.mark.parametrize("change", ["order", "name", "status", "seconds"])
def test_the_schema_refuses_other_stages(content: dict[str, Any], change: str) -> None:
    stages = content["stages"]
    first = {"order": stages[1], "name": stages[0] | {"name": "gather"}, "status": stages[0] | {"status": "so so"}}
    changed = first.get(change, stages[0] | {"seconds": -1.0})
    assert errors(content | {"stages": [changed, *stages[1:]]})


def test_the_report_tells_what_was_run(content: dict[str, Any], plain: Path, operator: Path) -> None:
    assert (content["pipeline"], content["isolation"], content["seed"]) == ("plain", "none", WORLD.seed)
    assert (content["month"], content["holdout_month"]) == (NEWEST, MONTHS[-2])
    holdout = training_and_holdout(plain / "lake", NEWEST)[1]
    assert content["ceiling_roc_auc"] == ceiling_roc_auc(operator / "truth", holdout)
    assert [stage["status"] for stage in content["stages"]] == ["ok"] * 6
    for path in content["artifacts"].values():
        assert (plain / path).is_file()


def test_the_predictions_beside_it_are_those_of_the_report(content: dict[str, Any], plain: Path) -> None:
    predictions = pl.read_parquet(plain / "predictions.parquet")
    assert predictions.equals(rows(plain / "lake", "predictions", NEWEST))
    assert content["customers"] == len(predictions)
    assert content["baseline"]["predictions_sha256"] == predictions_sha256(predictions)
    assert predictions["customer_id"].is_sorted()


@pytest.mark.slow
def test_two_runs_give_identical_predictions(plain: Path, operator: Path, tmp_path: Path) -> None:
    solve(OperatorData(operator / "source", MONTHS, WORLD.seed), tmp_path / "again")
    again, first = files(tmp_path / "again"), files(plain)
    differing = {name for name in first.keys() | again.keys() if first.get(name) != again.get(name)}
    assert differing == {"report.json"}  # it says how long each stage took


def test_the_hash_sees_the_last_bit_and_not_the_order(plain: Path) -> None:
    predictions = pl.read_parquet(plain / "predictions.parquet")
    same = predictions_sha256(predictions)
    assert predictions_sha256(predictions.reverse()) == same
    nudged = np.nextafter(predictions["churn_probability"].to_numpy(), 1.0)
    assert predictions_sha256(predictions.with_columns(churn_probability=nudged)) != same
    assert predictions_sha256(predictions.with_columns(pl.col("customer_id") + 1)) != same


def test_a_report_is_read_back_as_it_was_written(plain: Path, tmp_path: Path) -> None:
    report = read_report(plain / "report.json")
    predictions = pl.read_parquet(plain / "predictions.parquet")
    best = replace(report, best=report.baseline)
    for written in (report, best):
        assert read_report(write_report(tmp_path / "copy", written, predictions)) == written
    assert errors(json.loads((tmp_path / "copy" / "report.json").read_text())) == []
    assert hidden_leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "[" * 100_000, '{"stages": [1]}', '{"pipeline": "plain", "stages": []}']
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BadInput, match=r"report.json is not a run report \(.*\): run the pipeline again"):
        read_report(tmp_path / "report.json")


def test_scores_by_hand() -> None:
    """Two leave, three stay; one of those who stay is ranked above one who leaves."""
    scores = score([1, 0, 1, 0, 0], [0.9, 0.6, 0.5, 0.2, 0.1], 0.5, [50.0] * 5)
    assert scores.roc_auc == pytest.approx(5 / 6)
    assert scores.average_precision == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert scores.brier == pytest.approx((0.01 + 0.36 + 0.25 + 0.04 + 0.01) / 5)
    assert scores.log_loss == pytest.approx(-np.log([0.9, 0.4, 0.5, 0.8, 0.9]).mean())
    assert scores.campaign_value_eur == pytest.approx(2 * 81 - 3 * 4)  # 0.5 itself is called


def test_the_scores_in_the_report_are_those_of_the_lake(content: dict[str, Any], plain: Path) -> None:
    written = json.loads((partition(plain / "lake", "model", NEWEST) / "scores.json").read_text())
    del written["threshold"]
    assert written == {name: value for name, value in content["baseline"].items() if name != "predictions_sha256"}
