"""A user's table is understood as a person would understand it, and each decision is noted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.harness.errors import BadInput
from model_pipeline.own_table.table import OwnTable, understand

N = 200


@pytest.fixture
def mine(customers: pl.DataFrame, tmp_path: Path) -> Path:
    """200 customers; a week of them joined per row, so the table has a time."""
    path = tmp_path / "mine.csv"
    days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2027, 1, 1), "1d", eager=True)[:N]
    table = customers.head(N).with_columns(
        customer_id=pl.int_range(1000, 1000 + N), country=pl.lit("NL"), seen=days.dt.strftime("%d.%m.%Y")
    )
    table.write_csv(path)
    return path


def read(path: Path, target: str = "churn", **columns: str) -> OwnTable:
    return understand(path, target, columns.get("time"), columns.get("charge"), seed=0)


def rewrite(path: Path, **columns: pl.Expr | pl.Series) -> Path:
    pl.read_csv(path, infer_schema=False).with_columns(**columns).write_csv(path)
    return path


def test_numbers_words_dates_ids_and_constants_are_told_apart(mine: Path) -> None:
    own = read(mine)
    assert own.columns.numeric == ["tenure", "charge"]
    assert own.columns.categorical == ["plan"]
    assert own.columns.dates == {"joined": "%Y-%m-%d", "seen": "%d.%m.%Y"}
    assert [str(reading) for reading in own.readings] == [
        "tenure: numbers",
        "charge: numbers; unknown: 12 blank",
        "plan: categories; words: max, plus, basic; unknown: 12 blank",
        "joined: dates, %Y-%m-%d",
        "customer_id: dropped; different in every row, like an id",
        "country: dropped; the same in all rows to learn from",
        "seen: dates, %d.%m.%Y",
    ]


def test_the_holdout_is_a_random_quarter_with_the_same_share_of_leavers(mine: Path) -> None:
    own = read(mine)
    assert len(own.holdout.rows) == N // 4
    shares = [(part.outcome == "Yes").mean() for part in (own.train, own.holdout)]
    assert abs(shares[0] - shares[1]) < 0.02
    ids = [set(part.rows["customer_id"]) for part in (own.train, own.holdout)]
    assert not ids[0] & ids[1]
    assert ids[0] | ids[1] == {str(number) for number in range(1000, 1000 + N)}
    assert own.train.period is None


def test_with_a_time_column_the_newest_are_held_out_and_the_time_is_no_feature(mine: Path) -> None:
    own = read(mine, time="seen")
    days = [part.rows["seen"].str.to_date("%Y-%m-%d") for part in (own.train, own.holdout)]
    assert days[0].max() < days[1].min()  # type: ignore[operator] # dates
    assert 0.2 < len(days[1]) / N < 0.3
    assert "seen" not in own.columns.names
    assert own.split == "the newest rows held out: seen from 2024-05-30 on"
    assert own.train.period is not None
    by_period = pl.DataFrame({"day": days[0], "period": own.train.period}).group_by("period")
    spans = by_period.agg(first=pl.col("day").min(), last=pl.col("day").max()).sort("period")
    assert (spans["last"][:-1] < spans["first"][1:]).all()


def test_rows_of_one_time_stay_on_one_side(mine: Path) -> None:
    month = pl.Series([f"2025-{1 + number * 11 // N:02d}" for number in range(N)])
    own = read(rewrite(mine, seen=month), time="seen")
    assert own.train.rows["seen"].max() < own.holdout.rows["seen"].min()  # type: ignore[operator] # texts


@pytest.mark.parametrize("target", ["*", "^c.*$", "count", "literal", "word", "Left in\n2025"])
def test_the_target_may_have_any_name(customers: pl.DataFrame, tmp_path: Path, target: str) -> None:
    customers.head(N).rename({"churn": target}).write_csv(tmp_path / "t.csv")
    own = read(tmp_path / "t.csv", target)
    assert own.columns.names == ["tenure", "charge", "joined", "plan"]
    assert len(own.train.rows) + len(own.holdout.rows) == N


def test_rows_without_an_outcome_are_left_out_and_counted(mine: Path) -> None:
    blank = pl.int_range(N) < 10
    own = read(rewrite(mine, churn=pl.when(~blank).then(pl.col("churn"))))
    assert len(own.train.rows) + len(own.holdout.rows) == N - 10
    assert f"churn is blank in 10 of {N:,} rows: left out" in own.notes


def test_a_column_that_gives_the_answer_away_is_pointed_out(mine: Path) -> None:
    closed = (pl.col("churn") == "Yes").cast(pl.Int8)
    notes = read(rewrite(mine, closed=closed, reason=pl.col("churn") + "!")).notes
    assert [note for note in notes if note.startswith("look out")] == [
        "look out: closed alone tells the outcome: was it known before? (kept)",
        "look out: reason alone tells the outcome: was it known before? (kept)",
    ]


def test_dates_of_two_digit_years_sort_by_time(mine: Path) -> None:
    months = [f"{1 + number % 12:02d}/28/{(96 + number // 12) % 100:02d}" for number in range(N)]
    own = read(rewrite(mine, seen=pl.Series(months)), time="seen")
    assert own.split == "the newest rows held out: seen from 2008-07-28 on"
    assert "years 69 to 99 are 19.., others 20.." in str(own.readings[-1])


@pytest.mark.parametrize(
    ("times", "newest"),
    [
        ([f"{2020 + number // 40}-Q{1 + number // 10 % 4}" for number in range(N)], "2023-Q4"),
        ([f"2024-W{1 + number // 4}" for number in range(N)], "2024-W38"),
        ([f"{2020 + number // 40}-{1 + number // 4 % 10}" for number in range(N)], "2023-08"),
        ([f"Q{1 + number // 10 % 4} {2020 + number // 40}" for number in range(N)], "2023Q4"),
        ([f"{2000 + number // 4}" for number in range(N)], "2037"),
        ([f"2024-01-01T00:{number // 4:02d}:00+02:00" for number in range(N)], "2023-12-31 22:37:00"),
    ],
)
def test_the_newest_rows_are_the_last_however_a_time_is_written(mine: Path, times: list[str], newest: str) -> None:
    shuffled = pl.Series(times).sample(fraction=1, shuffle=True, seed=1)
    own = read(rewrite(mine, seen=shuffled), time="seen")
    assert f"seen from {newest} on" in own.split
    assert (
        sorted(own.holdout.rows["seen"])
        == sorted(pl.concat([own.train.rows, own.holdout.rows])["seen"])[-len(own.holdout.rows) :]
    )


def test_a_date_that_can_be_read_in_two_ways_is_pointed_out_unless_a_different_column_tells(mine: Path) -> None:
    unclear = pl.Series([f"{1 + number % 12}/{1 + number % 9}/2024" for number in range(N)])
    told = pl.Series([f"{1 + number % 12}/{1 + number % 28}/2024" for number in range(N)])
    own = read(rewrite(mine, first=unclear))
    assert own.columns.dates["first"] == "%d/%m/%Y"
    assert "first: dates, %d/%m/%Y; look out: %m/%d/%Y would do as well" in map(str, own.readings)
    assert read(rewrite(mine, second=told)).columns.dates["first"] == "%m/%d/%Y"


def test_the_user_has_the_last_word_about_a_column(mine: Path) -> None:
    codes = pl.Series([str(100 + number % 7) for number in range(N)])
    unclear = pl.Series([f"{1 + number % 12}/{1 + number % 9}/2024" for number in range(N)])
    thousands = pl.Series([f"{1 + number % 9}.{500 + number}" for number in range(N)])
    rewrite(mine, zip=codes, first=unclear, income=thousands)
    own = understand(mine, "churn", None, None, 0, "zip=category; first=%m/%d/%Y ;income=decimal comma; tenure=drop")
    assert "zip" in own.columns.categorical
    assert own.columns.dates["first"] == "%m/%d/%Y"
    assert "tenure" not in own.columns.names
    assert pl.concat([own.train.rows, own.holdout.rows])["income"].min() == 1500


def test_blank_outcomes_are_counted_where_only_one_outcome_is_written(mine: Path) -> None:
    rewrite(mine, churn=pl.when(pl.col("churn") == "Yes").then(pl.col("churn")))
    assert "164 rows are blank: if blank means the other outcome" in refused(mine)


def refused(path: Path, **arguments: str) -> str:
    with pytest.raises(BadInput) as refusal:
        read(path, arguments.pop("target", "churn"), **arguments)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_target_that_is_not_there_is_answered_with_the_nearest_names(mine: Path) -> None:
    assert "has no column Churned: did you mean churn" in refused(mine, target="Churned")
    assert "has no column sen: did you mean seen" in refused(mine, time="sen")
    assert "has no column fee: did you mean" in refused(mine, charge="fee")


def test_too_few_rows_or_leavers_are_refused_with_what_is_needed(mine: Path, tmp_path: Path) -> None:
    table = pl.read_csv(mine, infer_schema=False)
    few = tmp_path / "few.csv"
    table.head(10).write_csv(few)
    assert "is too small to learn from: 10 rows" in refused(few)
    assert "at least 100 rows and 20 of each outcome are needed" in refused(few)
    seldom = pl.concat([table.filter(pl.col("churn") == "No"), table.filter(pl.col("churn") == "Yes").head(5)])
    seldom.write_csv(few)
    assert "5 of them churn=Yes" in refused(few)


def test_one_outcome_or_three_are_refused(mine: Path) -> None:
    assert "it holds one outcome only: No (200 rows)" in refused(rewrite(mine, churn=pl.lit("No")))
    three = pl.Series(["a", "b", "c", "a"] * (N // 4))
    assert "it holds 3 different values: a (100 rows), b (50 rows), c (50 rows)" in refused(rewrite(mine, churn=three))
    assert "it is blank" in refused(rewrite(mine, churn=pl.lit(None, pl.String)))


def test_a_table_without_a_useful_column_is_refused(mine: Path) -> None:
    pl.read_csv(mine, infer_schema=False).select("customer_id", "country", "churn").write_csv(mine)
    assert "no column is left to learn from" in refused(mine)


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ([f"spring {number}" for number in range(N)], "seen is no time: 'spring 0'"),
        (["2025-01-01"] * N, "three quarters of the rows have the same seen"),
    ],
)
def test_a_time_that_cannot_split_is_refused(mine: Path, times: list[str], sentence: str) -> None:
    assert sentence in refused(rewrite(mine, seen=pl.Series(times)), time="seen")


def test_a_newest_quarter_without_leavers_is_refused(mine: Path) -> None:
    late = pl.int_range(N) >= N // 2
    mine = rewrite(mine, churn=pl.when(late).then(pl.lit("No")).otherwise(pl.lit("Yes")))
    assert (
        "(the newest rows held out: seen from 2024-05-30 on) have only 0 of one outcome, at least 5 are needed"
        in refused(mine, time="seen")
    )


def test_charges_must_be_amounts(mine: Path) -> None:
    assert "plan must hold what each customer pays a month" in refused(mine, charge="plan")
    own = read(mine, charge="charge")
    assert own.train.monthly_charge is not None
    paid = own.train.rows["charge"].cast(pl.Float64)
    assert np.array_equal(own.train.monthly_charge[paid.is_not_null()], paid.drop_nulls())


CELL = st.one_of(st.none(), st.integers(-5, 5).map(str), st.sampled_from(["a", "b", "1,5", "2025-01-31", "NA", "é"]))


@settings(max_examples=8)
@given(data=st.data(), kinds=st.integers(1, 4))
def test_any_columns_beside_an_outcome_are_understood_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kinds: int
) -> None:
    columns = {f"c{k}": data.draw(st.lists(CELL, min_size=5, max_size=5)) * 24 for k in range(kinds)}
    outcome = data.draw(st.lists(st.sampled_from(["yes", "no"]), min_size=5, max_size=5)) * 24
    path = tmp_path_factory.mktemp("any") / "t.csv"
    pl.DataFrame({**columns, "churn": outcome}, schema=dict.fromkeys([*columns, "churn"], pl.String)).write_csv(path)
    try:
        own = read(path)
    except BadInput as refusal:
        assert str(path) in str(refusal)
    else:
        assert set(own.columns.names) <= set(columns)
        assert len(own.train.rows) + len(own.holdout.rows) == 120
