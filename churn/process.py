"""Data Processing: a row of features per customer, from what was known by the end of the month and nothing later.

Features of a month use rows *dated* up to its last day. Some of these rows arrive a month late: when the next export is
valid, run `process` for the month again. The newest month is scored before its late rows are here, which older months
have: a small difference between training and prediction, as in real life.
Labels of a month are known one month later, from that month's cancellations.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from churn.lake import existing_partition, months_of
from churn.storage.blocks import ValidTables, write_in_blocks
from churn.storage.months import add_months, days_in, first_day, last_day, month_range
from churn.tables import CATEGORICAL_FEATURES, KEYS, LABEL, NUMERIC_FEATURES

MONTHS_OF_HISTORY = 3
CONTRACT_MONTHS = {"monthly": 0, "one_year": 12, "two_years": 24}


def process(lake: Path, month: str) -> None:
    """Write `features` of the month, and `labels` of the previous month, which are known now.

    Raises BadInput when a month since the lake's first is not valid: its customers would look silent.
    """
    previous, valid_months = add_months(month, -1), months_of(lake, "valid")
    for needed in month_range(min([month, *valid_months]), month):
        existing_partition(lake, "valid", needed, made_by="validate")
    write_in_blocks(lake, "features", month, features)
    if previous in valid_months:
        write_in_blocks(lake, "labels", previous, labels)


def features(valid: ValidTables, month: str) -> pl.LazyFrame:
    """Return a row per customer active at the month's end, sorted by customer_id: customer_id, month, and FEATURES."""
    history = valid.months_up_to(month)[-MONTHS_OF_HISTORY:]
    past = history[:-1]
    past_usage = pl.concat([valid.scan("usage", []), *(usage_dated_in(valid, earlier) for earlier in past)])
    rows = active_customers(valid, month)
    for sums in (
        usage_by_customer(usage_dated_in(valid, month)),
        usage_by_customer(past_usage).select("customer_id", past_minutes="minutes"),
        tickets(valid, history),
        failed_payments(valid, history),
    ):
        rows = rows.join(sums, on="customer_id", how="left", maintain_order="left")
    minutes_per_day = pl.col("minutes") / service_days(month)
    past_days = pl.sum_horizontal(pl.lit(0), *(service_days(earlier) for earlier in past))
    past_minutes_per_day = pl.col("past_minutes") / past_days
    trend = ((minutes_per_day + 1) / (past_minutes_per_day + 1)).log()
    return (
        rows.with_columns(pl.col("minutes", "past_minutes", "megabytes", "active_days", "^.*_3m$").fill_null(0))
        .with_columns(
            month=pl.lit(month),
            tenure_months=tenure_months(month),
            minutes_per_day=minutes_per_day,
            data_gb_per_day=pl.col("megabytes") / (1000 * service_days(month)),  # one division: one rounding
            active_days_share=pl.col("active_days") / service_days(month),
            usage_trend=pl.when(past_days > 0).then(trend).otherwise(0.0),
        )
        .with_columns(contract_months_left=contract_months_left())
        .select("customer_id", "month", *NUMERIC_FEATURES, *CATEGORICAL_FEATURES)
    )


def labels(valid: ValidTables, month: str) -> pl.LazyFrame:
    """Return a row per row of `features`: customer_id, month, and whether the customer cancels in the next month."""
    cancellations = valid.scan("cancellations", [add_months(month, 1)])
    cancelled = cancellations.select("customer_id", pl.lit(value=True).alias(LABEL))
    return (
        active_customers(valid, month)
        .join(cancelled, on="customer_id", how="left", maintain_order="left")
        .select("customer_id", pl.lit(month).alias("month"), pl.col(LABEL).fill_null(value=False))
    )


def active_customers(valid: ValidTables, month: str) -> pl.LazyFrame:
    """Return everyone who joined by the month's last day and has not cancelled, sorted by customer_id.

    An export's `customers` are those who joined in that month. If one was exported twice, the first export counts.
    """
    so_far = valid.months_up_to(month)
    return (
        valid.scan("customers", so_far)
        .filter(pl.col("customer_id").is_first_distinct())
        .join(valid.scan("cancellations", so_far), on="customer_id", how="anti", maintain_order="left")
        .sort("customer_id")
    )


def usage_by_customer(usage: pl.LazyFrame) -> pl.LazyFrame:
    """Add up whole numbers only: a sum of floats would depend on the order in which threads add."""
    return usage.group_by("customer_id").agg(
        minutes=pl.col("minutes").sum(),
        megabytes=(pl.col("data_gb") * 1000).round().cast(pl.Int64).sum(),
        active_days=pl.len(),
    )


def usage_dated_in(valid: ValidTables, month: str) -> pl.LazyFrame:
    """Return the month's rows, delivered on time or a month late. A day that was delivered twice counts once."""
    dated_in_month = pl.col("date").is_between(first_day(month), last_day(month))
    on_time = valid.scan("usage", [month]).filter(dated_in_month)
    following = add_months(month, 1)
    if following not in valid.folders:
        return on_time
    late = valid.scan("usage", [following]).filter(dated_in_month)
    return pl.concat([on_time, late.join(on_time, on=KEYS["usage"], how="anti")])


def tickets(valid: ValidTables, months: Sequence[str]) -> pl.LazyFrame:
    """Return the number of tickets per customer. A ticket that was delivered twice counts once."""
    delivered = valid.scan("tickets", months).unique(KEYS["tickets"], keep="first", maintain_order=True)
    return delivered.group_by("customer_id").agg(tickets_3m=pl.len())


def failed_payments(valid: ValidTables, months: Sequence[str]) -> pl.LazyFrame:
    failed = valid.scan("payments", months).filter(pl.col("status") == "failed")
    return failed.group_by("customer_id").agg(failed_payments_3m=pl.len())


def tenure_months(month: str) -> pl.Expr:
    signup = pl.col("signup_date")
    months_since_year_0 = int(month[:4]) * 12 + int(month[5:])
    return pl.lit(months_since_year_0) - (signup.dt.year() * 12 + signup.dt.month().cast(pl.Int32))


def service_days(month: str) -> pl.Expr:
    """Return the days of the month on which a customer, still active at its end, was one."""
    since_signup = (pl.lit(last_day(month)) - pl.col("signup_date")).dt.total_days() + 1
    return since_signup.clip(0, days_in(month))


def contract_months_left() -> pl.Expr:
    """Return the months until the customer may leave. A contract that ends is renewed for as long again."""
    length = pl.col("contract").replace_strict(CONTRACT_MONTHS, return_dtype=pl.Int32)
    return pl.when(length > 0).then(length - pl.col("tenure_months") % length).otherwise(0)
