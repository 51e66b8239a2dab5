# %% [markdown]
# # Rows in the order of a set
# Refused: writes other bytes to results/by_plan.csv each time: the same rows in a different order: sort them

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
plans = {*rows["plan"]}
by_plan = pl.DataFrame({"plan": [*plans], "customers": [rows["plan"].to_list().count(plan) for plan in plans]}, schema_overrides={"customers": pl.UInt32})

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
