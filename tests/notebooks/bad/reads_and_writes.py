# %% [markdown]
# # One path is both
# Refused: reads and writes data/customers.csv

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "data/customers.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
