# %% [markdown]
# # A password in an address
# Refused: holds a password in an address

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
address = "postgresql://ann:Tr0ub4dor@db.example/churn"

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
