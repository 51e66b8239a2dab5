# %% [markdown]
# # A column has another type than declared
# Refused: writes results/by_plan.parquet with a different schema: customers is UInt32, declared is Int64

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.parquet"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "Int64"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_parquet(OUTPUTS["by_plan"])
