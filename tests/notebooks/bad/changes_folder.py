# %% [markdown]
# # The working folder is changed
# Refused: changes the working folder

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import os

os.chdir("data")

# %%
import polars as pl

rows = pl.read_csv("customers.csv")

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
