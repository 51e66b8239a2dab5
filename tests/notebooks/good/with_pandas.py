# %% [markdown]
# # The same, with pandas

# %%
%matplotlib inline
from pathlib import Path

import pandas as pd

# %% tags=["parameters"]
least_minutes = 100

# %%
INPUTS = {"customers": Path("data") / "customers.csv"}
OUTPUTS = {"by_plan": [Path("results") / "pandas.parquet"], "plot": "results/plot.png"}
SCHEMAS = {"by_plan": {"plan": "str", "customers": "int64", "minutes": "float64"}}

# %%
%%time
rows = pd.read_csv(INPUTS["customers"])
rows = rows[rows["minutes"] >= least_minutes]
by_plan = rows.groupby("plan", as_index=False).agg(customers=("customer_id", "size"), minutes=("minutes", "mean"))

# %%
figure = by_plan.plot.bar(x="plan", y="customers").get_figure()
figure.savefig(OUTPUTS["plot"])
by_plan.to_parquet(OUTPUTS["by_plan"][0], index=False)
