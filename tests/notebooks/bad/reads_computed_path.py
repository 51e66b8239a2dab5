# %% [markdown]
# # An absolute path is put together at run time
# Refused: Permission denied

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
import sysconfig
from pathlib import Path

root = Path(sysconfig.get_path("stdlib")).anchor
hosts = (Path(root) / "var" / "log" / "dpkg.log").read_text()

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
