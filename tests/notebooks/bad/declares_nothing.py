# %% [markdown]
# # A notebook that declares nothing
# Refused: declares no INPUTS and no OUTPUTS

# %%
import polars as pl

pl.read_csv("data/customers.csv").head()
