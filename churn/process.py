"""Data Processing: a row of features per customer, from what was known by the end of the month and nothing later.

Features of a month use rows *dated* up to its last day. Rows dated in it but delivered a month late restate it: run
`process` for the month again once the next export is valid. Labels of a month are known one month later, from that
month's cancellations.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from churn.lake import existing_partition, months_of, new_partition, partition
from churn.storage.made_from import write_made_from
from churn.storage.months import add_months, days_in, first_day, last_day, month_range
from churn.tables import CATEGORICAL_FEATURES, KEYS, LABEL, NUMERIC_FEATURES

MONTHS_OF_HISTORY = 3
CONTRACT_MONTHS = {"monthly": 0, "one_year": 12, "two_years": 24}


def process(lake: Path, month: str) -> None:
    """Write `features` of the month, and `labels` of the month before, now that they are known."""
    write_features(lake, month)
    before = add_months(month, -1)
    if before in months_of(lake, "valid"):
        write_labels(lake, before)


def write_features(lake: Path, month: str) -> None:
    """Part by part, side by side: a part holds whole customers, so memory does not grow with their number."""
    _raise_if_a_month_is_missing(lake, month)
    _write_parts(lake, "features", month, features)


def write_labels(lake: Path, month: str) -> None:
    _raise_if_a_month_is_missing(lake, add_months(month, 1))
    _write_parts(lake, "labels", month, labels)


def _write_parts(lake: Path, table: str, month: str, rows: Callable[[Path, str, str], pl.LazyFrame]) -> None:
    parts = sorted(file.name for file in (partition(lake, "valid", month) / "usage").glob("*.parquet"))
    with new_partition(partition(lake, table, month)) as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        write_made_from(folder, lake, table, month)

        def write(part: str) -> None:
            rows(lake, month, part).collect().write_parquet(folder / part, compression="zstd", compression_level=1)

        for _ in threads.map(write, parts):
            pass


def features(lake: Path, month: str, part: str = "*.parquet") -> pl.LazyFrame:
    """A row per customer active at the month's end, sorted by customer_id: customer_id, month, and the features."""
    window = _months_of_history(lake, month)
    tickets = _rows_dated_in(lake, "tickets", window, part, "opened_date")
    payments = _rows_dated_in(lake, "payments", window, part, "due_date")
    usage = _usage_dated_in(lake, month, part)
    past_usage = pl.concat([usage.clear(), *(_usage_dated_in(lake, past, part) for past in window[:-1])])
    return (
        _active_customers(lake, month, part)
        .join(_usage_by_customer(usage), on="customer_id", how="left", maintain_order="left")
        .join(_past_minutes(past_usage), on="customer_id", how="left", maintain_order="left")
        .join(
            _count(tickets.unique(KEYS["tickets"], keep="first", maintain_order=True), "tickets_3m"),
            on="customer_id",
            how="left",
            maintain_order="left",
        )
        .join(
            _count(payments.filter(pl.col("status") == "failed"), "failed_payments_3m"),
            on="customer_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("minutes", "past_minutes", "megabytes", "active_days", "^.*_3m$").fill_null(0))
        .with_columns(
            month=pl.lit(month),
            tenure_months=_tenure_months(month),
            service_days=_service_days(month),
            past_service_days=pl.sum_horizontal(pl.lit(0), *(_service_days(past) for past in window[:-1])),
        )
        .with_columns(
            contract_months_left=_contract_months_left(),
            minutes_per_day=pl.col("minutes") / pl.col("service_days"),
            data_gb_per_day=pl.col("megabytes") / (1000 * pl.col("service_days")),  # `/ 1000` rounds as chunks fall
            active_days_share=pl.col("active_days") / pl.col("service_days"),
        )
        .with_columns(usage_trend=_usage_trend())
        .select("customer_id", "month", *NUMERIC_FEATURES, *CATEGORICAL_FEATURES)
    )


def labels(lake: Path, month: str, part: str = "*.parquet") -> pl.LazyFrame:
    """customer_id, month and churned (in the month after) of the customers active at the month's end."""
    left = _rows_dated_in(lake, "cancellations", [add_months(month, 1)], part, "cancel_date")
    return (
        _active_customers(lake, month, part)
        .join(
            left.select("customer_id", pl.lit(value=True).alias(LABEL)),
            on="customer_id",
            how="left",
            maintain_order="left",
        )
        .select("customer_id", pl.lit(month).alias("month"), pl.col(LABEL).fill_null(value=False))
    )


def _active_customers(lake: Path, month: str, part: str) -> pl.LazyFrame:
    """Everyone who had joined by the month's last day, less those who had left; sorted, the first export of an id
    counts.
    """
    so_far = [earlier for earlier in months_of(lake, "valid") if earlier <= month]
    left = _scan(lake, "cancellations", so_far, part)
    first_of_its_id = pl.col("customer_id").diff().fill_null(1) > 0
    return (
        _scan(lake, "customers", so_far, part)
        .sort("customer_id", maintain_order=True)
        .filter(first_of_its_id)
        .join(left, on="customer_id", how="anti", maintain_order="left")
    )


def _usage_by_customer(usage: pl.LazyFrame) -> pl.LazyFrame:
    """Totals are summed as whole numbers: a sum of floats would depend on the order in which threads add."""
    megabytes = (pl.col("data_gb") * 1000).round().cast(pl.Int64)
    return usage.group_by("customer_id").agg(
        minutes=pl.col("minutes").sum(), megabytes=megabytes.sum(), active_days=pl.len()
    )


def _past_minutes(usage: pl.LazyFrame) -> pl.LazyFrame:
    return usage.group_by("customer_id").agg(past_minutes=pl.col("minutes").sum())


def _count(rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return rows.group_by("customer_id").agg(pl.len().alias(name))


def _usage_dated_in(lake: Path, month: str, part: str) -> pl.LazyFrame:
    """Rows delivered on time and, if the next export is here, a month late; of a day delivered twice, the first row."""
    dated_in_month = pl.col("date").is_between(first_day(month), last_day(month))
    on_time = _scan(lake, "usage", [month], part).filter(dated_in_month)
    following = add_months(month, 1)
    if not partition(lake, "valid", following).is_dir():
        return on_time
    late = _scan(lake, "usage", [following], part).filter(dated_in_month)
    return pl.concat([on_time, late.join(on_time, on=KEYS["usage"], how="anti")])


def _rows_dated_in(lake: Path, table: str, months: list[str], part: str, date_column: str) -> pl.LazyFrame:
    """Rows of a table that is never late, dated in `months` (consecutive, oldest first)."""
    return _scan(lake, table, months, part).filter(
        pl.col(date_column).is_between(first_day(months[0]), last_day(months[-1]))
    )


def _scan(lake: Path, table: str, months: list[str], part: str) -> pl.LazyFrame:
    return pl.scan_parquet(
        [partition(lake, "valid", month) / table / part for month in months], hive_partitioning=False
    )


def _months_of_history(lake: Path, month: str) -> list[str]:
    """The month and up to two before it, oldest first, as far back as the lake goes."""
    first = months_of(lake, "valid")[0]
    return [past for past in month_range(add_months(month, 1 - MONTHS_OF_HISTORY), month) if past >= first]


def _raise_if_a_month_is_missing(lake: Path, month: str) -> None:
    """A gap between the lake's first month and this one would look like silence."""
    for needed in month_range(min([month, *months_of(lake, "valid")]), month):
        existing_partition(lake, "valid", needed, made_by="validate")


def _tenure_months(month: str) -> pl.Expr:
    signup = pl.col("signup_date")
    months_since_year_0 = int(month[:4]) * 12 + int(month[5:])
    return pl.lit(months_since_year_0) - (signup.dt.year() * 12 + signup.dt.month().cast(pl.Int32))


def _service_days(month: str) -> pl.Expr:
    """Days on which a customer, still active at the end of the month, was one in this month."""
    since_signup = (pl.lit(last_day(month)) - pl.col("signup_date")).dt.total_days() + 1
    return since_signup.clip(0, days_in(month))


def _contract_months_left() -> pl.Expr:
    """Months until the customer may leave; a contract that ends is renewed for as long again."""
    length = pl.col("contract").replace_strict(CONTRACT_MONTHS, return_dtype=pl.Int32)
    return pl.when(length > 0).then(length - pl.col("tenure_months") % length).otherwise(0)


def _usage_trend() -> pl.Expr:
    past = pl.col("past_minutes") / pl.col("past_service_days")
    trend = ((pl.col("minutes_per_day") + 1) / (past + 1)).log()
    return pl.when(pl.col("past_service_days") > 0).then(trend).otherwise(0.0)
