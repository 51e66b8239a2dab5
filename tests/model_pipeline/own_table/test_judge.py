"""Columns that tell the outcome are pointed out, and columns with nothing to learn from are dropped, with a note."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from churn.harness.errors import BadInput
from model_pipeline import build
from model_pipeline.model_file.skops_file import positive_probability
from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.fit import fit_best
from model_pipeline.own_table.judge import giveaways
from model_pipeline.own_table.pipelines import boosted_trees, spline_regression
from model_pipeline.own_table.table import OwnTable, understand
from tests.model_pipeline.conftest import only

N = 400
RNG = np.random.default_rng(3)
LEFT = RNG.permutation(np.arange(N) % 4 == 0)
CHANCE = RNG.random(N)


def texts(values: NDArray[Any], known: NDArray[np.bool_]) -> pl.Series:
    return pl.Series([str(value) if there else None for value, there in zip(values, known, strict=True)])


def dates(start: str) -> NDArray[Any]:
    return np.datetime64(start) + (CHANCE * 300).astype(int)


MOST_LEAVERS = LEFT & (CHANCE < 0.9)
MANY_WORDS = np.where(LEFT, "gone ", "here ") + (CHANCE * 9).astype(int).astype(str)
IN_THE_MIDDLE = np.where(LEFT, 5 + CHANCE, 10 * (CHANCE < 0.5) + CHANCE)
TELLS: dict[str, tuple[pl.Series, str]] = {
    "a date only leavers have": (texts(dates("2024-01-01"), LEFT), "whether x is blank"),
    "a number only leavers have": (texts(CHANCE, LEFT), "whether x is blank"),
    "a word only leavers have": (texts(np.where(CHANCE < 0.5, "price", "service"), LEFT), "whether x is blank"),
    "a date most leavers have": (texts(dates("2024-01-01"), MOST_LEAVERS), "whether x is blank"),
    "a number only leavers lack": (texts(CHANCE, ~LEFT), "whether x is blank"),
    "a later date": (texts(np.where(LEFT, dates("2025-01-01"), dates("2024-01-01")), LEFT | True), "x alone"),
    "a flag": (texts(LEFT.astype(int), LEFT | True), "x alone"),
    "a number in the middle": (texts(IN_THE_MIDDLE, LEFT | True), "x alone"),
    "a status with many words": (texts(MANY_WORDS, LEFT | True), "x alone"),
}
HONEST: dict[str, pl.Series] = {
    "chance": texts(CHANCE, LEFT | True),
    "chance, blank by chance": texts(CHANCE, RNG.random(N) < 0.5),
    "a strong sign": texts(CHANCE + 0.3 * LEFT, LEFT | True),
    "blank more often for leavers": texts(CHANCE, RNG.random(N) < np.where(LEFT, 0.3, 0.9)),
    "many words": texts((CHANCE * 80).astype(int).astype(str) + np.full(N, " St"), LEFT | True),
}


def read(folder: Path, time: str | None = None, **columns: pl.Series | NDArray[Any]) -> OwnTable:
    table = pl.DataFrame({"n": RNG.normal(size=N).round(3), **columns, "churn": np.where(LEFT, "Yes", "No")})
    table.write_csv(folder / "t.csv")
    return understand(folder / "t.csv", "churn", time, None, seed=0)


def warnings_in(own: OwnTable) -> list[str]:
    return [note for note in own.notes if note.startswith("look out")]


@pytest.mark.parametrize("what", TELLS)
def test_a_column_that_tells_the_outcome_is_pointed_out(tmp_path: Path, what: str) -> None:
    values, how = TELLS[what]
    often = " of many rows" * ("most" in what)
    assert warnings_in(read(tmp_path, x=values)) == [
        f"look out: {how} tells the outcome{often}: was it known before? (kept)"
    ]


@pytest.mark.parametrize("what", HONEST)
def test_an_honest_column_is_not_accused(tmp_path: Path, what: str) -> None:
    assert not warnings_in(read(tmp_path, x=HONEST[what]))


def test_a_rare_outcome_does_not_accuse_every_column() -> None:
    rare = np.arange(5_000) % 100 == 0
    table = pl.DataFrame({"n": np.random.default_rng(0).normal(size=5_000)})
    assert giveaways(table, Columns(["n"], []), rare, seed=0) == []


NAMES_LIKE_OURS = ["positive", "count", "len", "literal", "index", "numbers", "outcome", "period", "customer", "column"]


def test_columns_may_have_the_names_that_the_code_uses(tmp_path: Path) -> None:
    columns = {name: texts((RNG.random(N) * 3).astype(int), LEFT | True) for name in NAMES_LIKE_OURS}
    own = read(tmp_path, None, **columns)
    assert set(own.columns.names) == {"n", *NAMES_LIKE_OURS}
    assert not warnings_in(own)


def test_a_column_without_values_to_learn_from_is_dropped_and_said(tmp_path: Path) -> None:
    month = np.repeat([f"2024-{number:02d}" for number in range(1, 11)], N // 10)
    late = month >= "2024-09"
    own = read(
        tmp_path,
        time="month",
        month=month,
        new=texts(CHANCE, late),
        flag=texts(late.astype(int), LEFT | True),
        word=texts(np.where(late & LEFT, "on", "off"), LEFT | True),
        blank=texts(CHANCE, LEFT & False),
    )
    assert own.columns.names == ["n"]
    why = {reading.column: reading.why for reading in own.readings if reading.read_as == "dropped"}
    same = "the same in all rows to learn from"
    assert why == {"new": "fewer than 10 values in the rows to learn from", "flag": same, "word": same, "blank": same}


def test_a_table_with_nothing_to_learn_from_in_its_older_rows_is_refused(tmp_path: Path) -> None:
    month = np.repeat([f"2024-{number:02d}" for number in range(1, 11)], N // 10)
    table = pl.DataFrame({"month": month, "new": texts(CHANCE, month >= "2024-09"), "churn": np.where(LEFT, "a", "b")})
    table.write_csv(tmp_path / "t.csv")
    with pytest.raises(BadInput, match=r"no column is left to learn from .*fewer than 10 values"):
        understand(tmp_path / "t.csv", "churn", "month", None, seed=0)


@pytest.mark.parametrize("family", [spline_regression, lambda columns: boosted_trees(columns, seed=0)])
def test_a_column_that_is_blank_in_a_fold_does_not_stop_the_fit(family: Callable[[Columns], Any]) -> None:
    table = pl.DataFrame({"n": CHANCE, "new": pl.Series([None] * N, dtype=pl.Float64), "w": ["a", "b"] * (N // 2)})
    fitted = family(Columns(["n", "new"], ["w"])).fit(table, LEFT)
    probability = fitted.predict_proba(table.with_columns(new=pl.lit(1.0)))[:, 1]
    assert ((probability > 0) & (probability < 1)).all()


@pytest.mark.parametrize("with_a_column_that_is_always_known", [True, False])
def test_a_column_recorded_lately_is_learnt_from_in_time_folds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_a_column_that_is_always_known: bool
) -> None:
    monkeypatch.setattr(build, "CANDIDATES", 1)
    monkeypatch.setattr(build, "search_space", lambda *pipelines: [only("splines", *pipelines)])
    month = np.repeat([f"2024-{number:02d}" for number in range(1, 11)], N // 10)
    new = texts(CHANCE + LEFT, month >= "2024-06")
    table = pl.DataFrame({"month": month, "new": new, "churn": np.where(LEFT, "Yes", "No")})
    if with_a_column_that_is_always_known:
        table = table.with_columns(n=pl.Series(CHANCE))
    table.write_csv(tmp_path / "t.csv")
    own = understand(tmp_path / "t.csv", "churn", "month", None, seed=0)
    model, _ = fit_best(own.train, own.columns, seed=0)
    left = positive_probability(model, own.holdout.rows)[own.holdout.outcome == "Yes"]
    assert left.mean() > positive_probability(model, own.holdout.rows).mean() + 0.1


@pytest.mark.parametrize("family", [spline_regression, lambda columns: boosted_trees(columns, seed=0)])
def test_one_hot_names_may_collide(family: Callable[[Columns], Any]) -> None:
    words = np.where(CHANCE < 0.5, "b_c", "d"), np.where(CHANCE < 0.5, "e", "c")
    table = pl.DataFrame({"a": words[0], "a_b": words[1], "numbers__a": CHANCE, "words__a_b": CHANCE})
    fitted = family(Columns(["numbers__a", "words__a_b"], ["a", "a_b"])).fit(table, LEFT)
    assert fitted.predict_proba(table).shape == (N, 2)


def test_the_columns_that_predict_adds_are_not_learnt_from(tmp_path: Path) -> None:
    own = read(tmp_path, churn_probability=CHANCE, churn_predicted=np.where(LEFT, "Yes", "No"))
    assert own.columns.names == ["n"]
    assert "not learnt from, written by a model before: churn_probability, churn_predicted" in own.notes
