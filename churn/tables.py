"""The columns of `features` and `labels`: what a model is asked, and what it learns to answer."""

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
FEATURES = [*NUMERIC_FEATURES, *CATEGORICAL_FEATURES]
LABEL = "churned"
