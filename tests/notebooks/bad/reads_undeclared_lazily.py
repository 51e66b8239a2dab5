# %% [markdown]
# # Polars reads what Python does not see
# Refused: reads data/prices.csv, which INPUTS does not name

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
prices = pl.scan_csv("data/prices.csv").collect()
rows = rows.join(prices, on="plan")

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
