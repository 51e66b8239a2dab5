# %% [markdown]
# # A path leads out of the working folder
# Refused: needs ../conftest.py, which is not there and which INPUTS does not name

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
from pathlib import Path

notes = (Path("..") / "conftest.py").read_text()

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
