# %% [markdown]
# # A second file is written, and not declared
# Refused: writes results/sample.csv, which OUTPUTS does not name

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
rows.head().write_csv("results/sample.csv")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
