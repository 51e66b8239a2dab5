"""Refuse a cell whose proof fails: a false alarm, a useless guard, a fault that no scenario observed."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from contrast import __main__ as command
from contrast import matrix
from contrast.cell import ControlFailed, Guard, Measure, Normal, Verdict, cells
from contrast.code import Change, CodeCopy
from contrast.pipelines import PIPELINES
from contrast.pipelines.pipeline import Outcome, Pipeline
from contrast.scenarios import bad_batch, go_back, kill_in_train

NOBODY = pl.DataFrame({"customer_id": [1], "churn_probability": [0.5]})
WELL = Outcome(True, {}, "")


class Still(Pipeline):
    """A pipeline that no fault changes, to test only the judging."""

    name = "still"
    ended = guarded = False

    def __init__(self) -> None: ...

    def begin(self) -> None:
        self.guarded = True

    restore = begin

    def keep(self, state: str) -> None:
        self.kept = self.guarded

    def put_back(self, state: str) -> None:
        self.guarded = self.kept

    def end(self) -> None:
        self.ended = True

    def deliver(self, months: list[str]) -> None: ...

    def run(self, month: str) -> Outcome:
        return WELL

    def run_and_kill_train(self, month: str) -> None: ...

    def ask(self) -> pl.DataFrame:
        return NOBODY

    served = ask


def switch_off(pipeline: Pipeline) -> None:
    cast(Still, pipeline).guarded = False


@dataclass
class Play:
    """A scenario that is observed when it happens and stopped by the guard, unless a field disagrees."""

    TITLE: str = "a play"
    STORY: str = "it happens"
    GUARDS: Mapping[str, Guard] = field(default_factory=lambda: {"still": Guard("ours", switch_off)})
    alarm_without_cause: bool = False
    seen: bool = True
    stopped_by_the_guard: bool = True
    happened: int = 0

    def happen(self, pipeline: Pipeline) -> Outcome:
        self.happened += 1
        return Outcome(False, {}, "it happened")

    def judge(self, pipeline: Pipeline, run: Outcome, normal: Normal) -> Verdict | None:
        if not self.seen or (run.ok and not self.alarm_without_cause):
            return None
        still = cast(Still, pipeline)
        stopped, still.guarded = still.guarded or not self.stopped_by_the_guard, False  # judging changes the pipeline
        return Verdict("prevents" if stopped else "misses", Measure("harm", 0 if stopped else 1, "times"), "observed")


def cell_of(play: Play) -> dict[str, Any]:
    pipeline = Still()
    try:
        found = cells(pipeline, {"play": play}, lambda what: None)["play"]
    finally:
        assert pipeline.ended
    return cast(dict[str, Any], found)


def test_a_cell_that_its_controls_bear_out_is_taken() -> None:
    assert cell_of(Play()) == {
        "verdict": "prevents",
        "by": "ours",
        "measure": {"name": "harm", "value": 0, "unit": "times"},
        "sentence": "observed",
    }


def test_where_the_guard_acts_on_the_way_out_the_fault_happens_once_and_is_judged_twice() -> None:
    def was_put_back(pipeline: Pipeline) -> None:
        assert cast(Still, pipeline).guarded
        switch_off(pipeline)

    play = Play(GUARDS={"still": Guard("tool", was_put_back, when="after")})
    assert cell_of(play)["verdict"] == "prevents"
    assert play.happened == 1


@pytest.mark.parametrize(
    ("play", "says"),
    [
        (Play(alarm_without_cause=True), "false alarm on a clean month"),
        (Play(seen=False), "observed nothing"),
        (Play(stopped_by_the_guard=False), "with its guard off, it still 'prevents'"),
        (Play(GUARDS={}), "'prevents' with no guard"),
        (Play(GUARDS={"still": Guard("tool", switch_off, "after")}, stopped_by_the_guard=False), "guard off"),
    ],
)
def test_a_cell_that_its_controls_do_not_bear_out_is_refused(play: Play, says: str) -> None:
    with pytest.raises(ControlFailed, match=says):
        cell_of(play)


def test_a_miss_has_no_guard() -> None:
    class Missed(Play):
        def judge(self, pipeline: Pipeline, run: Outcome, normal: Normal) -> Verdict | None:
            switch_off(pipeline)
            return super().judge(pipeline, run, normal)

    assert cell_of(Missed(GUARDS={}))["by"] is None
    with pytest.raises(ControlFailed, match="'misses' with a guard"):
        cell_of(Missed())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return Path(tmp_path / "matrix.json")


def contrast(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["contrast", *words])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return ended.value.code


def test_a_scenario_that_breaks_half_way_leaves_the_table_as_it_was(
    monkeypatch: pytest.MonkeyPatch, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_bytes(matrix.MATRIX.read_bytes())
    monkeypatch.setattr(command, "exports", lambda folder: None)
    monkeypatch.setattr(command, "scenarios", lambda: {"bad-batch": Play(), "kill-in-train": Play(), "go-back": Play()})

    def breaks(self: Still) -> None:
        raise ControlFailed("it broke")

    plain = type("Breaks", (Still,), {"name": "plain", "begin": breaks, "__init__": lambda self, folder: None})
    monkeypatch.setitem(PIPELINES, "plain", plain)
    code = contrast(monkeypatch, "--pipeline=plain", f"--runs={tmp_path}", f"--out={table}")
    assert code == 2
    assert "it broke" in capsys.readouterr().err
    assert table.read_bytes() == matrix.MATRIX.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["matrix.json"]


def test_a_cell_alone_needs_a_table_to_go_into(
    monkeypatch: pytest.MonkeyPatch, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contrast(monkeypatch, "--pipeline=plain", f"--out={table}") == 2
    assert "lacks other cells" in capsys.readouterr().err
    assert not table.exists()


@pytest.mark.parametrize("change", [bad_batch.ALL_ROWS_ARE_GOOD, kill_in_train.DEAD_RUNS_NOT_MARKED, go_back.BALANCED])
def test_changes_fit_the_code_and_can_be_taken_back(change: Change, tmp_path: Path) -> None:
    copy = CodeCopy(tmp_path / "code", ("churn", "tracking_pipeline"))
    file = copy.place / change.file
    before = file.read_text(encoding="utf-8")
    copy.change(change)
    assert file.read_text(encoding="utf-8") == before.replace(change.line, change.instead) != before
    copy.restore()
    assert file.read_text(encoding="utf-8") == before
    with pytest.raises(LookupError, match="0 times"):
        copy.change(Change(change.file, "no such line", ""))
