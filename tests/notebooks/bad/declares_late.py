# %% [markdown]
# # The declaration comes after the work
# Refused: reads before INPUTS and OUTPUTS are declared

# %%
import polars as pl

rows = pl.read_csv("data/customers.csv")

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
