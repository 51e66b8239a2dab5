# %% [markdown]
# # 3. Data Processing
# One row of features per customer and month, from what was known at the month's end.
# The labels of a month are known one month later: did the customer leave?

# %% tags=["parameters"]
first_month = "2025-01"
month = "2025-12"  # the newest month

# %%
from churn.storage.months import month_range

months = month_range(first_month, month)
lake = "notebooks/lake"
keys = {"customer_id": "Int64", "month": "String"}
contract = {"monthly_charge_eur": "Float64", "tenure_months": "Int32", "contract_months_left": "Int32"}
service = {"minutes_per_day": "Float64", "data_gb_per_day": "Float64", "active_days_share": "Float64"}
changes = {"usage_trend": "Float64", "tickets_3m": "UInt32", "failed_payments_3m": "UInt32"}
words = {"region": "String", "plan": "String", "contract": "String"}

INPUTS = {"valid": [f"{lake}/valid/month={each}" for each in months]}
OUTPUTS = {
    "features": [f"{lake}/features/month={each}" for each in months],
    "labels": [f"{lake}/labels/month={each}" for each in months[:-1]],  # nobody knows the newest month's yet
}
SCHEMAS = {"features": keys | contract | service | changes | words, "labels": keys | {"churned": "Boolean"}}

# %% [markdown]
# ## Process
# Some usage arrives a month late. All valid months are here, so each month's features include it.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

from churn.process import process

for each in months:
    process(Path(lake), each)

# %% [markdown]
# ## Who leaves?
# Customers whose usage falls leave more often. So do those whose contract ends.

# %%
features, labels = (
    pl.read_parquet([f"{folder}/*.parquet" for folder in OUTPUTS[table]], hive_partitioning=False)
    for table in ("features", "labels")
)
rows = features.join(labels, on=["customer_id", "month"])
rows.group_by("contract").agg(customers=pl.len(), churned=pl.col("churned").mean().round(4)).sort("contract")

# %%
place = pl.col("usage_trend").rank("ordinal") * 10 / (pl.len() + 1)
by_tenth = rows.group_by(tenth=place.cast(pl.Int32) + 1).agg(churned=100 * pl.col("churned").mean()).sort("tenth")
figure, axes = plt.subplots(figsize=(8, 2.6))
axes.bar(by_tenth["tenth"], by_tenth["churned"], color="#009E73")
axes.set(xticks=range(1, 11), xlabel="tenth of the customers, the steepest fall in usage first", ylabel="% that left")
axes.set_title(f"Of the customers whose usage falls most, {by_tenth['churned'][0]:.1f} % leave")
plt.show()

# %% [markdown]
# ## Check
# A customer has one row a month, and everyone with a label has features.

# %%
assert not features.select("customer_id", "month").is_duplicated().any(), "a customer has two rows in a month"
assert len(rows) == len(labels), f"{len(labels) - len(rows)} labels have no features"
