# %% [markdown]
# # An input has another type than declared
# Refused: declares customers with a different schema: in data/customers.csv, plan is String, declared is Int64

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"customers": {"customer_id": "Int64", "plan": "Int64", "minutes": "Int64"}, "by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
