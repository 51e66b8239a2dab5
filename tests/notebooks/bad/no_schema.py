# %% [markdown]
# # An output table has no schema
# Refused: declares no schema for the table results/by_plan.csv

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
