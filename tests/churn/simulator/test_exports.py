"""The simulated operator: the same world gives the same bytes, and what it exports makes sense."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from churn.harness.errors import BadInput
from churn.simulator import behaviour as simulator
from churn.simulator.behaviour import BlockMonth, Columns, churn_probability, contract_months_left, simulate
from churn.simulator.exports import export
from churn.simulator.usage_days import usage_rows
from churn.simulator.world import World
from churn.storage.months import first_day
from churn.tables import TABLES
from tests.churn.small_world import MONTHS, WORLD, export_in_blocks, files, hidden_leftovers

DATED = {"usage": "date", "tickets": "opened_date", "payments": "due_date", "cancellations": "cancel_date"}


def exported(operator: Path, table: str, months: list[str] = MONTHS) -> pl.DataFrame:
    parts = [
        pl.read_parquet(
            operator / "source" / f"month={month}" / table / "*.parquet", hive_partitioning=False
        ).with_columns(delivered=pl.lit(month))
        for month in months
    ]
    return pl.concat(parts)


@pytest.fixture(scope="module")
def records() -> list[BlockMonth]:
    """Every month in the life of the world's second block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator, "CUSTOMERS_PER_BLOCK", 350)
        return list(simulate(WORLD, 1))


def test_the_same_world_gives_the_same_bytes(operator: Path, tmp_path: Path) -> None:
    export_in_blocks(WORLD, tmp_path / "source")
    assert files(tmp_path) == files(operator)
    tables = len(MONTHS) * 2 * (len(TABLES) + 1)  # two blocks; the truth is a table more
    assert len(files(tmp_path)) == tables + len(MONTHS)  # with the manifests


def test_a_month_made_again_alone_gives_the_same_bytes(operator: Path, tmp_path: Path) -> None:
    export_in_blocks(WORLD, tmp_path / "source", [MONTHS[2]])
    made = files(tmp_path)
    assert made == {name: sha for name, sha in files(operator).items() if MONTHS[2] in name}


def test_a_longer_world_begins_like_a_shorter_one(operator: Path, tmp_path: Path) -> None:
    export_in_blocks(replace(WORLD, months=2), tmp_path / "source")
    assert files(tmp_path).items() <= files(operator).items()


def test_another_seed_gives_other_bytes(operator: Path, tmp_path: Path) -> None:
    export_in_blocks(replace(WORLD, seed=4), tmp_path / "source", MONTHS[:1])
    made = files(tmp_path)
    assert made.keys() <= files(operator).keys()
    assert not made.items() & files(operator).items()


def test_an_export_replaces_the_one_before_and_leaves_nothing_behind(tmp_path: Path) -> None:
    export_in_blocks(replace(WORLD, seed=4), tmp_path / "source", MONTHS[:1])
    export_in_blocks(replace(WORLD, seed=4, customers=500), tmp_path / "source", MONTHS[:1])
    again = tmp_path / "again"
    export_in_blocks(replace(WORLD, seed=4, customers=500), again / "source", MONTHS[:1])
    assert files(tmp_path / "source") == files(again / "source")
    assert hidden_leftovers(tmp_path) == []


def test_each_block_and_month_advances_the_bar_once(tmp_path: Path) -> None:
    steps: list[None] = []
    export(replace(WORLD, months=3), tmp_path / "source", ["2025-01", "2025-03"], lambda: steps.append(None))
    assert len(steps) == 2


def test_a_month_outside_the_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="2026-01 is outside the world, which runs from 2025-01 to 2025-05"):
        export(WORLD, tmp_path / "source", ["2026-01"])
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_in_blocks(WORLD, tmp_path / "source", MONTHS[:2])
    before = files(tmp_path)

    def full_disk(frame: pl.DataFrame, path: Path) -> None:
        if path.parts[-3] == f"month={MONTHS[1]}":
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("churn.simulator.exports.write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        export_in_blocks(replace(WORLD, seed=4), tmp_path / "source", MONTHS[:2])
    assert files(tmp_path) == before
    assert hidden_leftovers(tmp_path) == []


def test_ids_are_unique_over_blocks_and_months(operator: Path) -> None:
    for table, key in [("customers", "customer_id"), ("tickets", "ticket_id"), ("cancellations", "customer_id")]:
        ids = exported(operator, table)[key]
        assert ids.is_unique().all(), table
    assert not exported(operator, "usage").select("customer_id", "date").is_duplicated().any()
    assert not exported(operator, "payments").select("customer_id", "due_date").is_duplicated().any()


def test_a_part_holds_whole_customers(operator: Path) -> None:
    of_part = [
        set(
            pl.concat(
                pl.read_parquet(file, columns=["customer_id"], hive_partitioning=False)
                for file in sorted((operator / "source").glob(f"*/*/part-0000{block}.parquet"))
            )["customer_id"]
        )
        for block in range(2)
    ]
    assert all(of_part)
    assert of_part[0].isdisjoint(of_part[1])


def test_daily_rows_add_up_to_the_month(records: list[BlockMonth]) -> None:
    for record in records:
        usage = usage_rows(record)
        n = len(record.people["customer_id"])
        for what, per_row in [
            ("active_days", np.ones(len(usage["row"]))),
            ("minutes", usage["minutes"]),
            ("data_mb", usage["data_mb"]),
        ]:
            totals = np.bincount(usage["row"], per_row, minlength=n)
            assert (totals == record.people[what]).all(), (record.month, what)
        assert (usage["minutes"] >= 0).all()


def test_late_rows_can_be_made_without_the_others(records: list[BlockMonth]) -> None:
    everything, travellers = (usage_rows(records[0], only_travellers=only) for only in (False, True))
    assert travellers["late"].sum() == everything["late"].sum() > 0
    for name in everything:
        assert (everything[name][everything["late"]] == travellers[name][travellers["late"]]).all()


def test_late_rows_are_dated_in_a_months_last_days_and_delivered_in_the_next(operator: Path) -> None:
    usage = exported(operator, "usage").with_columns(dated=pl.col("date").dt.strftime("%Y-%m"))
    late = usage.filter(pl.col("dated") != pl.col("delivered"))
    pairs = late.select("dated", "delivered").unique().sort("dated").rows()
    assert pairs == list(itertools.pairwise(MONTHS))
    days_before_the_end = (late["date"].dt.month_end() - late["date"]).dt.total_days()
    assert days_before_the_end.max() == 6
    share = len(late) / len(usage)
    assert 0.005 < share < 0.03  # 5 % of the customers, a quarter of their days


@pytest.mark.parametrize("table", ["tickets", "payments", "cancellations"])
def test_other_rows_are_dated_in_the_month_of_their_delivery(operator: Path, table: str) -> None:
    delivered = exported(operator, table)
    assert (delivered[DATED[table]].dt.strftime("%Y-%m") == delivered["delivered"]).all()


@pytest.mark.parametrize("table", list(DATED))
def test_nothing_happens_before_signup_or_after_cancelling(operator: Path, table: str) -> None:
    signup = exported(operator, "customers").select("customer_id", "signup_date")
    cancelled = exported(operator, "cancellations").select("customer_id", gone=pl.col("cancel_date"))
    events = (
        exported(operator, table)
        .select("customer_id", day=DATED[table])
        .join(signup, on="customer_id", how="left")
        .join(cancelled, on="customer_id", how="left")
    )
    assert events["signup_date"].null_count() == 0, "a row belongs to no customer"
    assert events.filter(pl.col("gone") < pl.col("day")).is_empty()
    assert events.filter(pl.col("signup_date") > pl.col("day")).is_empty()
    assert events["gone"].null_count() < len(events)


def test_only_joiners_are_exported_after_the_first_month(operator: Path) -> None:
    customers = exported(operator, "customers", MONTHS[1:])
    assert len(customers) == 24 * len(MONTHS[1:])  # 4 % of 600
    assert (customers["signup_date"].dt.strftime("%Y-%m") == customers["delivered"]).all()
    assert (exported(operator, "customers", MONTHS[:1])["signup_date"] < first_day(MONTHS[0])).all()


def test_truth_has_everyone_who_is_there_at_the_months_end_and_nobody_else(operator: Path) -> None:
    joined: set[int] = set()
    left: set[int] = set()
    for month in MONTHS:
        joined |= set(exported(operator, "customers", [month])["customer_id"])
        left |= set(exported(operator, "cancellations", [month])["customer_id"])
        truth = pl.read_parquet(operator / "truth" / f"month={month}" / "*.parquet", hive_partitioning=False)
        assert set(truth["customer_id"]) == joined - left
        assert truth["churn_probability"].is_between(0, 1, closed="none").all()


def test_an_annual_contract_is_renewed_when_it_ends() -> None:
    contract = np.array([0, 0, 1, 1, 1, 1, 2, 2])
    tenure = np.array([0, 30, 0, 11, 12, 23, 23, 24])
    assert contract_months_left(contract, tenure).tolist() == [0, 0, 12, 1, 12, 1, 1, 24]


def one_customer(**changed: float) -> Columns:
    usual = {
        **{"minutes": 300, "minutes_1": 300, "minutes_2": 300},
        **{"service_days": 30, "service_days_1": 30, "service_days_2": 30},
        **{"contract": 0, "plan": 1, "contract_months_left": 12, "tenure_months": 20},
        **{"tickets_3m": 0, "failed_payments_3m": 0, "monthly_charge_eur": 24.0},
    }
    return {name: np.array([value]) for name, value in {**usual, **changed}.items()}


def risk(months_since_start: int = 0, **changed: float) -> float:
    """The log odds of leaving."""
    probability = float(churn_probability(one_customer(**changed), months_since_start)[0])
    return float(np.log(probability / (1 - probability)))


def test_falling_usage_matters_more_to_those_free_to_leave() -> None:
    held, free = ({"contract_months_left": left} for left in (12, 1))
    assert risk(minutes=100, **free) - risk(**free) > 2 * (risk(minutes=100, **held) - risk(**held)) > 0
    assert risk(minutes=900) == risk()  # more usage keeps nobody


def test_tickets_weigh_more_on_newcomers() -> None:
    new, old = ({"tenure_months": tenure} for tenure in (3, 20))
    assert risk(tickets_3m=2, **new) - risk(**new) > 2 * (risk(tickets_3m=2, **old) - risk(**old)) > 0


def test_the_basic_plan_drifts_and_the_others_do_not() -> None:
    assert risk(months_since_start=11, plan=0) - risk(plan=0) == pytest.approx(0.44)
    assert risk(months_since_start=11, plan=1) == risk(plan=1)


@pytest.fixture(scope="module")
def month_by_month(default_operator: Path) -> list[pl.DataFrame]:
    """Per month of the default world: everyone there at its end, the truth, and whether they left in the next."""
    months = World().all_months()
    left = exported(default_operator, "cancellations", months)
    return [
        pl.read_parquet(
            default_operator / "truth" / f"month={month}" / "*.parquet", hive_partitioning=False
        ).with_columns(churned=pl.col("customer_id").is_in(left.filter(delivered=following)["customer_id"].implode()))
        for month, following in itertools.pairwise(months)
    ]


def test_about_four_in_a_hundred_leave_each_month(month_by_month: list[pl.DataFrame]) -> None:
    shares = [int(frame["churned"].sum()) / len(frame) for frame in month_by_month]
    settled = shares[2:]  # in the first two months nobody has a history of tickets and failed payments yet
    assert all(0.03 < share < 0.05 for share in settled), shares
    assert 0.035 < sum(settled) / len(settled) < 0.045


def test_the_true_probability_is_calibrated(month_by_month: list[pl.DataFrame]) -> None:
    everyone = pl.concat(month_by_month).sort("churn_probability")
    for fifth in everyone.iter_slices(len(everyone) // 5):
        expected, churned = float(fifth["churn_probability"].sum()), int(fifth["churned"].sum())
        assert abs(churned - expected) < 4 * np.sqrt(expected + 1), (churned, expected)


def test_the_best_possible_score_is_that_of_a_real_operator(
    default_operator: Path, month_by_month: list[pl.DataFrame]
) -> None:
    newest = month_by_month[-1]
    assert 0.80 <= roc_auc_score(newest["churned"].to_numpy(), newest["churn_probability"].to_numpy()) <= 0.86
    every = pl.concat(month_by_month)
    assert 0.81 <= roc_auc_score(every["churned"].to_numpy(), every["churn_probability"].to_numpy()) <= 0.85


def test_customers_stay_about_as_many(month_by_month: list[pl.DataFrame]) -> None:
    assert all(9_000 < len(frame) < 11_000 for frame in month_by_month)
