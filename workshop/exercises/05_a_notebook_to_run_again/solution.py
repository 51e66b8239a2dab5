# %% [markdown]
# # Which plans lose customers?
# For one month of the lake: the number of customers of each plan, and the share that left in the following month.

# %%
from pathlib import Path

import polars as pl

# %% tags=["parameters"]
lake = "runs/plain/lake"
month = "2025-11"
output = "runs/churn_by_plan.csv"

# %%
features = pl.read_parquet(Path(lake) / "features" / f"month={month}" / "*.parquet")
labels = pl.read_parquet(Path(lake) / "labels" / f"month={month}" / "*.parquet").select("customer_id", "churned")

# %%
rows = features.join(labels, on="customer_id")
by_plan = rows.group_by("plan").agg(customers=pl.len(), share_left=pl.col("churned").mean())
by_plan.sort("plan").write_csv(output)
