# %% [markdown]
# # NAME: what this notebook makes, in one sentence
# Say who needs it, and why. Add its row to STAGES.md: the stage, its inputs, its outputs.

# %% tags=["parameters"]
month = "2025-12"

# %%
INPUTS = {"features": f"notebooks/lake/features/month={month}"}
OUTPUTS = {"NAME": f"notebooks/NAME/month={month}.parquet"}
SCHEMAS = {"NAME": {"plan": "String", "customers": "UInt32", "minutes_per_day": "Float64"}}

# %% [markdown]
# ## The work
# Read from `INPUTS` only. Sort before you write: the same inputs must give the same bytes.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

features = pl.read_parquet(f"{INPUTS['features']}/*.parquet", hive_partitioning=False)
median = pl.col("minutes_per_day").median()
by_plan = features.group_by("plan").agg(customers=pl.len(), minutes_per_day=median).sort("plan")

# %% [markdown]
# ## A plot that a person would want

# %%
figure, axes = plt.subplots(figsize=(8, 2.6))
axes.bar(by_plan["plan"], by_plan["minutes_per_day"])
axes.set(ylabel="minutes a day", title=f"{month}: the median customer of each plan")
plt.show()

# %% [markdown]
# ## Write, and check what was written

# %%
target = Path(OUTPUTS["NAME"])
target.parent.mkdir(parents=True, exist_ok=True)
by_plan.write_parquet(target)
written = pl.read_parquet(target)
assert {name: str(kind) for name, kind in written.schema.items()} == SCHEMAS["NAME"], written.schema
assert written["customers"].sum() == len(features), "customers were lost"
