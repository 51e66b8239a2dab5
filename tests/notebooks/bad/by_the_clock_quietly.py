# %% [markdown]
# # The clock is read in a way that no source shows
# Refused: writes other bytes to results/by_plan.csv each time

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32", "day": "String"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
import time

by_plan = by_plan.with_columns(day=pl.lit(time.strftime("%Y-%m-%d")))

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
