# %% [markdown]
# # A file is left in the home folder
# Refused: writes ~/by_plan.csv, which OUTPUTS does not name

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
from pathlib import Path

by_plan.write_csv(Path.home() / "by_plan.csv")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
