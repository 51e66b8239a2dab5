# %% [markdown]
# # Which plans lose customers?
# For one month of the lake: the number of customers of each plan, and the share that left in the following month.

# %%
from pathlib import Path

import polars as pl

# %% tags=["parameters"]
month = "2025-11"  # TODO: is this all that the notebook needs?

# %%
rows = features.join(labels, on="customer_id")

# %%
folder = Path("runs/plain/lake")
features = pl.read_parquet(folder / "features" / "month=2025-11" / "*.parquet")
labels = pl.read_parquet(folder / "labels" / "month=2025-11" / "*.parquet").select("customer_id", "churned")

# %%
by_plan = rows.group_by("plan").agg(customers=pl.len(), share_left=pl.col("churned").mean())
by_plan.sort("plan")
