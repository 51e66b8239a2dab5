# %% [markdown]
# # Only inputs are declared
# Refused: declares no OUTPUTS

# %%
INPUTS = {"customers": "data/customers.csv"}

# %%
import polars as pl

rows = pl.read_csv(INPUTS["customers"])
