# %% [markdown]
# # 4. Model Building
# Decide what to learn from: past months to train on, the newest month with labels to measure on.
# A random split would put the same customer on both sides, and the future into the past.

# %% tags=["parameters"]
first_month = "2025-01"
month = "2025-12"  # the month to score; its labels are unknown

# %%
from churn.storage.months import month_range

labelled = month_range(first_month, month)[:-1]
lake = "notebooks/lake"
keys = {"customer_id": "Int64", "month": "String"}
contract = {"monthly_charge_eur": "Float64", "tenure_months": "Int32", "contract_months_left": "Int32"}
service = {"minutes_per_day": "Float64", "data_gb_per_day": "Float64", "active_days_share": "Float64"}
changes = {"usage_trend": "Float64", "tickets_3m": "UInt32", "failed_payments_3m": "UInt32"}
words = {"region": "String", "plan": "String", "contract": "String"}
features, label = keys | contract | service | changes | words, {"churned": "Boolean"}

INPUTS = {
    "features": [f"{lake}/features/month={each}" for each in labelled],
    "labels": [f"{lake}/labels/month={each}" for each in labelled],
}
OUTPUTS = {"training": f"{lake}/training/month={month}"}
SCHEMAS = {"features": features, "labels": keys | label, "training": features | label}

# %% [markdown]
# ## Build
# `build` writes two tables: the rows to train on, and the rows to measure on.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

from churn.build import baseline, build

build(Path(lake), month)
train = pl.read_parquet(f"{OUTPUTS['training']}/train.parquet", hive_partitioning=False)
holdout = pl.read_parquet(f"{OUTPUTS['training']}/holdout.parquet", hive_partitioning=False)

# %% [markdown]
# ## The split

# %%
figure, axes = plt.subplots(figsize=(8, 2.6))
for part, rows, colour in (("train", train, "#666666"), ("hold-out", holdout, "#D55E00")):
    left = rows.group_by("month").agg(share=100 * pl.col("churned").mean()).sort("month")
    axes.bar(left["month"], left["share"], color=colour, label=f"{part}: {len(rows):,} rows")
axes.set(ylabel="% that left", title=f"Train until {train['month'].max()}, measure on {holdout['month'].max()}")
axes.tick_params(axis="x", rotation=45)
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# ## The model that will learn from it
# It is not fitted yet. Its preprocessing is part of it, so prediction repeats what training did.

# %%
baseline()

# %% [markdown]
# ## Check
# All training rows are older than the hold-out month, and both outcomes occur in both parts.

# %%
assert train["month"].max() < holdout["month"].min(), "training rows are as new as the hold-out month"
assert {train["churned"].n_unique(), holdout["churned"].n_unique()} == {2}, "a part has only one outcome"
