# %% [markdown]
# # Customers by plan

# %% tags=["parameters"]
least_minutes = 100

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl
from helpers import by_plan

rows = pl.read_csv(INPUTS["customers"]).filter(pl.col("minutes") >= least_minutes)

# %%
by_plan(rows).write_csv(OUTPUTS["by_plan"])
