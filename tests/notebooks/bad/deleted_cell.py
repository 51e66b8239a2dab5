# %% [markdown]
# # A cell uses what a deleted one made
# Refused: uses cheap, which no cell makes

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
by_plan = by_plan.filter(pl.col("plan") != cheap)

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
