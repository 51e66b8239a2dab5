# %% [markdown]
# # An absolute path is put together at run time
# Refused: README.md, which INPUTS does not name

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
from pathlib import Path

import churn

readme = (Path(churn.__file__).resolve().parents[1] / "README.md").read_text()

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
