# %% [markdown]
# # The input is replaced by a cleaned version
# Refused: changes its input data/customers.csv

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
import os

rows.filter(pl.col("minutes") > 0).write_csv("data/clean.csv")
os.replace("data/clean.csv", INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
