# %% [markdown]
# # A column is missing
# Refused: with a different schema: the column customers is missing (it has plan, clients)

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("clients").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
