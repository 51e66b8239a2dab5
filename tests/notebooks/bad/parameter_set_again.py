# %% [markdown]
# # A parameter that is overwritten
# Refused: assigns the parameter least_minutes again

# %% tags=["parameters"]
least_minutes = 100

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
least_minutes = 300
rows = rows.filter(pl.col("minutes") >= least_minutes)

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
