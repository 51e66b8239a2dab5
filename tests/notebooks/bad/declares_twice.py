# %% [markdown]
# # A second declaration replaces the first
# Refused: declares again, after cell 2

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
OUTPUTS = {"by_plan": "results/other.csv"}

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
