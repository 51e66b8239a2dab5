# %% [markdown]
# # A program is started
# Refused: imports subprocess, to start a shell or a program

# %%
INPUTS = {"customers": "data/customers.csv"}
OUTPUTS = {"by_plan": "results/by_plan.csv"}
SCHEMAS = {"by_plan": {"plan": "String", "customers": "UInt32"}}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])

# %%
import subprocess

subprocess.run(["sort", "data/customers.csv"], check=True)

# %%
by_plan = rows.group_by("plan").len("customers").sort("plan")

# %%
by_plan.write_csv(OUTPUTS["by_plan"])
