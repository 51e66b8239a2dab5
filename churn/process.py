"""Data Processing: a row of features per customer, from what was known by the end of the month and nothing later.

Features of a month use rows *dated* up to its last day. Rows dated in it but delivered a month late restate it: run `process` for
the month again once the next export is valid. Labels of a month are known one month later, from that month's cancellations.
"""

from pathlib import Path

import polars as pl

from churn.lake import existing_partition, months_of, new_partition, partition
from churn.months import add_months, days_in, first_day, last_day, month_range

CATEGORICAL_FEATURES = ["region", "plan", "contract"]
NUMERIC_FEATURES = [
    "monthly_charge_eur",
    "tenure_months",
    "contract_months_left",  # 0 on a monthly contract
    "minutes_per_day",  # per day of service in the month, like the next two
    "data_gb_per_day",
    "active_days_share",
    "usage_trend",  # log ratio of minutes per day to those of the two months before; 0 without a past
    "tickets_3m",  # this month and the two before
    "failed_payments_3m",
]
LABEL = "churned"
MONTHS_OF_HISTORY = 3
CONTRACT_MONTHS = {"monthly": 0, "one_year": 12, "two_years": 24}


def process(lake: Path, month: str) -> None:
    """Write `features` of the month, and `labels` of the month before, now that they are known."""
    existing_partition(lake, "valid", month, made_by="validate")
    with new_partition(partition(lake, "features", month)) as folder:
        features(lake, month).sink_parquet(folder / "features.parquet")
    before = add_months(month, -1)
    if before in months_of(lake, "valid"):
        with new_partition(partition(lake, "labels", before)) as folder:
            labels(lake, before).sink_parquet(folder / "labels.parquet")


def features(lake: Path, month: str) -> pl.LazyFrame:
    """A row per customer active at the month's end, sorted: customer_id, month, then the features.

    Raises BadInput if a month before this one was left out: a gap would look like silence.
    """
    window = _months_of_history(lake, month)
    tickets = _rows_dated_in(lake, "tickets", window, "opened_date")
    failed_payments = _rows_dated_in(lake, "payments", window, "due_date").filter(pl.col("status") == "failed")
    return (
        _active_customers(lake, month)
        .join(_usage_by_customer(lake, window), on="customer_id", how="left")
        .join(_count_by_customer(tickets, "tickets_3m"), on="customer_id", how="left")
        .join(_count_by_customer(failed_payments, "failed_payments_3m"), on="customer_id", how="left")
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
            data_gb_per_day=pl.col("megabytes") / 1000 / pl.col("service_days"),
            active_days_share=pl.col("active_days") / pl.col("service_days"),
        )
        .with_columns(usage_trend=_usage_trend())
        .select("customer_id", "month", *NUMERIC_FEATURES, *CATEGORICAL_FEATURES)
        .sort("customer_id")
    )


def labels(lake: Path, month: str) -> pl.LazyFrame:
    """customer_id, month and churned (did they leave in the month after?) of the customers active at the month's end."""
    following = add_months(month, 1)
    left = _rows_dated_in(lake, "cancellations", [following], "cancel_date")
    return (
        _active_customers(lake, month)
        .join(left.select("customer_id", pl.lit(value=True).alias(LABEL)), on="customer_id", how="left")
        .select("customer_id", pl.lit(month).alias("month"), pl.col(LABEL).fill_null(value=False))
        .sort("customer_id")
    )


def _months_of_history(lake: Path, month: str) -> list[str]:
    """The month and up to two before it, oldest first, as far back as the lake goes."""
    first = months_of(lake, "valid")[0]
    for needed in month_range(first, month):
        existing_partition(lake, "valid", needed, made_by="validate")
    return [earlier for earlier in month_range(add_months(month, 1 - MONTHS_OF_HISTORY), month) if earlier >= first]


def _active_customers(lake: Path, month: str) -> pl.LazyFrame:
    """The customers table as of the month's last day: everyone who had joined by then, less those who had left."""
    so_far = [earlier for earlier in months_of(lake, "valid") if earlier <= month]
    left = _scan(lake, "cancellations", so_far)
    return _scan(lake, "customers", so_far).join(left, on="customer_id", how="anti").unique("customer_id", keep="any")


def _usage_by_customer(lake: Path, window: list[str]) -> pl.LazyFrame:
    """Totals are summed as whole numbers: a sum of floats would depend on the order in which threads add."""
    this_month = pl.col("date") >= first_day(window[-1])
    megabytes = (pl.col("data_gb") * 1000).round().cast(pl.Int64)
    return (
        _rows_dated_in(lake, "usage", window, "date")
        .group_by("customer_id")
        .agg(
            minutes=pl.col("minutes").filter(this_month).sum(),
            past_minutes=pl.col("minutes").filter(~this_month).sum(),
            megabytes=megabytes.filter(this_month).sum(),
            active_days=this_month.sum(),
        )
    )


def _count_by_customer(rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return rows.group_by("customer_id").agg(pl.len().alias(name))


def _rows_dated_in(lake: Path, table: str, months: list[str], date_column: str) -> pl.LazyFrame:
    """Rows dated in `months` (consecutive, oldest first), with those that were delivered a month late, if they are here."""
    delivered = [*months, add_months(months[-1], 1)]
    here = [month for month in delivered if partition(lake, "valid", month).is_dir()]
    return _scan(lake, table, here).filter(pl.col(date_column).is_between(first_day(months[0]), last_day(months[-1])))


def _scan(lake: Path, table: str, months: list[str]) -> pl.LazyFrame:
    files = [partition(lake, "valid", month) / table / "*.parquet" for month in months]
    return pl.scan_parquet(files, hive_partitioning=False)


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
