# %% [markdown]
# # A missing input is hidden by a bare except
# Refused: does not say that its input customers is missing

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

try:
    rows = pl.read_csv(INPUTS["customers"])
except Exception:
    raise ValueError("something is wrong") from None

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
