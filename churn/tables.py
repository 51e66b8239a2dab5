"""The words of the problem: the operator's tables and their keys, the features, and the label.

See `churn/contract.py` for the columns of the operator's tables and the rules that each row must satisfy.
"""

KEYS = {  # the columns that identify a row of each table
    "customers": ["customer_id"],
    "usage": ["customer_id", "date"],
    "tickets": ["ticket_id"],
    "payments": ["customer_id", "due_date"],
    "cancellations": ["customer_id"],
}
TABLES = tuple(KEYS)

REGIONS = ("centre", "east", "north", "south", "west")
PLANS = ("basic", "plus", "max")
CONTRACTS = ("monthly", "one_year", "two_years")

NUMERIC_FEATURES = [
    "monthly_charge_eur",
    "tenure_months",
    "contract_months_left",  # 0 on a monthly contract
    "minutes_per_day",  # this and the next two: per day of service in the month
    "data_gb_per_day",
    "active_days_share",
    "usage_trend",  # log ratio of minutes per day to the two previous months; 0 for a customer without a past
    "tickets_3m",  # this month and the two previous ones
    "failed_payments_3m",
]
CATEGORICAL_FEATURES = ["region", "plan", "contract"]
FEATURES = [*NUMERIC_FEATURES, *CATEGORICAL_FEATURES]
LABEL = "churned"  # true if the customer leaves in the following month

FEWEST_MONTHS_TO_LEARN = 3  # one to train on, one to hold out, one to score
