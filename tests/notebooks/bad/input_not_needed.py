# %% [markdown]
# # A declared input is never read
# Refused: does not notice when its input prices is missing

# %%
INPUTS = {"customers": "data/customers.csv", "prices": "data/prices.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
