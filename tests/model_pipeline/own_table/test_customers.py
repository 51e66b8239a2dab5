"""Rows of one customer stay together, in the holdout and in each fold, so that memory is not taken for skill."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from churn.harness.errors import BadInput
from model_pipeline import build
from model_pipeline.build import trials
from model_pipeline.own_table import table as own_table
from model_pipeline.own_table.customers import LOOK_ALIKE
from model_pipeline.own_table.fit import fit_best, folds_of
from model_pipeline.own_table.pipelines import boosted_trees
from model_pipeline.own_table.table import OwnTable, understand
from tests.model_pipeline.conftest import only

CUSTOMERS, ROWS_EACH = 400, 4
Spell = Callable[[int], str]


def chance(name: str = "customer_id", spell: Spell = "C{:05d}".format, same_outcome: bool = True) -> pl.DataFrame:
    """Customers who leave by chance alone. Their age, score and distance recur in all their rows."""
    rng = np.random.default_rng(5)
    leaves = rng.random(CUSTOMERS) < 0.4
    once = {
        "age": rng.uniform(18, 80, CUSTOMERS),
        "score": rng.uniform(0, 100, CUSTOMERS),
        "km": rng.normal(size=CUSTOMERS),
    }
    table = pl.DataFrame(
        {
            name: np.repeat([spell(number) for number in range(CUSTOMERS)], ROWS_EACH),
            "month": np.tile([f"2024-{month:02d}" for month in range(1, ROWS_EACH + 1)], CUSTOMERS),
            **{column: np.repeat(values.round(3), ROWS_EACH) for column, values in once.items()},
            "calls": rng.integers(0, 10, CUSTOMERS * ROWS_EACH),
            "churn": np.where(np.repeat(leaves, ROWS_EACH), "Yes", "No"),
        }
    )
    if not same_outcome:  # a customer who leaves has no later rows, as at an operator
        goes = np.repeat(rng.integers(1, 2 * ROWS_EACH, CUSTOMERS), ROWS_EACH)
        month = np.tile(range(1, ROWS_EACH + 1), CUSTOMERS)
        table = table.with_columns(churn=pl.Series(np.where(month == goes, "Yes", "No"))).filter(month <= goes)
    return table[rng.permutation(len(table))]


def read(table: pl.DataFrame, folder: Path, time: str | None = None) -> OwnTable:
    table.write_csv(folder / "several.csv")
    return understand(folder / "several.csv", "churn", time, None, seed=0)


def roc_auc_of_trees(own: OwnTable) -> float:
    trees = boosted_trees(own.columns, seed=0).fit(own.train.rows, own.train.outcome)
    return float(roc_auc_score(own.holdout.outcome == "Yes", trees.predict_proba(own.holdout.rows)[:, 1]))


def test_where_chance_decides_a_model_is_scored_as_guessing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert abs(roc_auc_of_trees(read(chance(), tmp_path)) - 0.5) < 0.15
    monkeypatch.setattr(own_table, "customer_column", lambda *_: None)
    assert roc_auc_of_trees(read(chance().drop("customer_id"), tmp_path)) > 0.8  # memory, without whole customers


@pytest.mark.parametrize(
    ("name", "spell"),
    [
        ("customer_id", "C{:05d}".format),
        ("CustomerID", str),
        ("Kundennummer", "{}".format),
        ("individual", "{}".format),
        ("user", "user {}".format),
        ("Subject", str),
        ("id", str),
    ],
)
def test_whole_customers_are_held_out_and_their_names_are_not_learnt(tmp_path: Path, name: str, spell: Spell) -> None:
    own = read(chance(name, spell), tmp_path)
    on_both_sides = set(own.train.rows[name]) & set(own.holdout.rows[name])
    assert not on_both_sides
    assert name not in own.columns.names
    assert own.split == f"a random quarter held out, each customer with all rows ({name})"
    assert f"{name}: customer; 400 in 1,600 rows; not learnt from" in map(str, own.readings)
    assert abs(len(own.holdout.rows) / 1_600 - 0.25) < 0.01
    shares = [(part.outcome == "Yes").mean() for part in (own.train, own.holdout)]
    assert abs(shares[0] - shares[1]) < 0.02


def test_the_user_has_the_last_word_about_the_customer(tmp_path: Path) -> None:
    chance("group", str).with_columns(id=pl.col("group")).write_csv(tmp_path / "t.csv")
    guessed, told, none = (
        understand(tmp_path / "t.csv", "churn", None, None, 0, wish)
        for wish in ("", "group=customer", "id=category; group=drop")
    )
    assert guessed.split.endswith("each customer with all rows (id)")
    assert told.split.endswith("each customer with all rows (group)")
    assert none.split == "a random quarter held out"
    assert "id" in none.columns.categorical
    for time, wish in ((None, "churn=customer"), ("month", "month=customer")):
        with pytest.raises(BadInput, match="READ= cannot say how to read the target, and the time column cannot"):
            understand(tmp_path / "t.csv", "churn", time, None, 0, wish)


@pytest.mark.parametrize("spell", [str, lambda number: sha256(str(number).encode()).hexdigest()[:12]])
def test_a_column_that_may_name_a_customer_is_pointed_out(tmp_path: Path, spell: Spell) -> None:
    notes = read(chance("who", spell), tmp_path).notes
    doubt = next(note for note in notes if note.startswith("look out: who alone tells the outcome"))
    assert 'If it says whose row it is: READ="who=customer"' in doubt
    assert not [note for note in read(chance("who", spell, same_outcome=False), tmp_path).notes if " who " in note]


def test_a_customer_stays_whole_in_every_fold(tmp_path: Path) -> None:
    own = read(chance(), tmp_path)
    customer = own.train.rows["customer_id"].to_numpy()
    few, *folds, metadata = folds_of(own.train, own.columns, seed=0)
    assert len(few) == len(customer)
    for each in folds:
        assert isinstance(each, StratifiedGroupKFold)
        for train, test in each.split(customer, own.train.outcome, **metadata):
            assert not set(customer[train]) & set(customer[test])


@pytest.mark.slow
def test_the_search_does_not_reward_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "CANDIDATES", 1)
    monkeypatch.setattr(build, "search_space", lambda *pipelines: [only("trees", *pipelines)])
    own = read(chance(), tmp_path)
    share = (own.train.outcome == "Yes").mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert trials(fit_best(own.train, own.columns, 0)[1])[0]["log_loss"] > entropy - 0.01


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("city", [f"Saint {chr(65 + number % 26)}{chr(97 + number // 26)}" for number in range(200)]),
        ("shop_id", [str(number) for number in range(12)]),
        ("region_id", [str(number) for number in range(30)]),
        ("account length", [str(number) for number in range(1, 244)]),
        ("joined", [f"{day:02d}-{month}-2024" for month in ("Jan", "Feb", "Mar") for day in range(1, 29)]),
        ("phone_service", ["Yes", "No"]),
        ("customer_id", [str(number) for number in range(CUSTOMERS * ROWS_EACH)]),
    ],
)
def test_a_category_or_an_id_that_never_recurs_is_not_taken_for_a_customer(
    tmp_path: Path, name: str, values: list[str]
) -> None:
    column = pl.Series(name, (values * CUSTOMERS * ROWS_EACH)[: CUSTOMERS * ROWS_EACH])
    table = chance("x").with_columns(pl.Series("km", np.random.default_rng(1).normal(size=len(column)))).drop("x")
    own = read(table.with_columns(column), tmp_path)
    assert own.split == "a random quarter held out"
    assert "customer" not in {reading.read_as for reading in own.readings}


def test_with_a_time_a_customers_earlier_rows_teach_and_later_ones_are_held_out(tmp_path: Path) -> None:
    own = read(chance(same_outcome=False), tmp_path, time="month")
    assert own.split == "the newest rows held out: month from 2024-03 on; earlier rows of the same customers teach"
    assert set(own.train.rows["customer_id"]) > set(own.holdout.rows["customer_id"])
    assert own.train.period is not None


def test_with_a_time_and_one_outcome_per_customer_only_unknown_customers_judge(tmp_path: Path) -> None:
    own = read(chance(), tmp_path, time="month")
    assert set(own.holdout.rows["month"]) == {"2024-04"}
    assert own.train.rows["month"].max() == "2024-03"
    assert not set(own.train.rows["customer_id"]) & set(own.holdout.rows["customer_id"])
    assert len(own.holdout.rows) == CUSTOMERS // 4
    assert own.split.endswith("their older rows are left out: most have one outcome")
    assert abs(roc_auc_of_trees(own) - 0.5) < 0.15


def test_rows_without_a_customer_are_customers_of_their_own(tmp_path: Path) -> None:
    some = pl.int_range(pl.len()) % 10 == 0
    own = read(chance().with_columns(customer_id=pl.when(~some).then(pl.col("customer_id"))), tmp_path)
    named = [set(part.rows["customer_id"].drop_nulls()) for part in (own.train, own.holdout)]
    assert not named[0] & named[1]
    assert all(part.rows["customer_id"].null_count() > 20 for part in (own.train, own.holdout))


def test_too_few_customers_of_an_outcome_are_refused(tmp_path: Path) -> None:
    few = pl.col("customer_id") < "C00005"
    with pytest.raises(BadInput, match=r"\(customer_id\), and only 5 customers with churn=Yes: at least 12 are needed"):
        read(chance().with_columns(churn=pl.when(few).then(pl.lit("Yes")).otherwise(pl.lit("No"))), tmp_path)


def test_rows_written_twice_are_on_the_same_side(tmp_path: Path) -> None:
    once = chance().filter(pl.col("month") == "2024-01").with_row_index("row").drop("customer_id", "month")
    own = read(pl.concat([once, once.with_columns(row=pl.col("row") + len(once))]), tmp_path)
    values = [set(part.rows.select("age", "score", "km").rows()) for part in (own.train, own.holdout)]
    assert not values[0] & values[1]
    assert f"{LOOK_ALIKE}: 400, kept on the same side of the split" in own.notes
    assert abs(roc_auc_of_trees(own) - 0.5) < 0.15


def test_few_categories_make_rows_alike_that_are_no_copies(tmp_path: Path) -> None:
    own = read(chance().select("calls", "churn"), tmp_path)
    assert own.split == "a random quarter held out"
    assert any("they may be on both sides of the split" in note for note in own.notes)
