# %% [markdown]
# # A cell works only the second time
# Refused: uses total, which no cell makes

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
total = total + len(rows)

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
