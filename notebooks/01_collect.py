# %% [markdown]
# # 1. Data Collection
# Copy each month's export into the lake, exactly as the operator delivered it.
# We fix nothing here: `raw` is the evidence from which every later notebook can run again.

# %% tags=["parameters"]
first_month = "2025-01"
month = "2025-12"  # the newest month
customers = 10_000  # these two choose the simulated world ...
seed = 7
source = ""  # ... unless you name a folder of exports here

# %%
from churn.storage.months import month_range

months = month_range(first_month, month)
exports = source or f"world/v1-n{customers}-{first_month}-m12-s{seed}/source"
lake = "notebooks/lake"
customer = {"customer_id": "Int64", "signup_date": "Date", "region": "String", "plan": "String", "contract": "String"}
tables = {
    "*/customers/*": customer | {"monthly_charge_eur": "Float64"},
    "*/usage/*": {"customer_id": "Int64", "date": "Date", "minutes": "Int32", "data_gb": "Float32"},
    "*/tickets/*": {"ticket_id": "Int64", "customer_id": "Int64", "opened_date": "Date"},
    "*/payments/*": {"customer_id": "Int64", "due_date": "Date", "amount_eur": "Float64", "status": "String"},
    "*/cancellations/*": {"customer_id": "Int64", "cancel_date": "Date"},
}

INPUTS = {"source": [f"{exports}/month={each}" for each in months]}
OUTPUTS = {"raw": [f"{lake}/raw/month={each}" for each in months]}
SCHEMAS = {"source": tables, "raw": tables}

# %% [markdown]
# ## Collect
# The operator writes a manifest last, with the rows and the checksum of each file.
# `collect` compares the copy with it, and refuses a month that is not complete.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

from churn.collect import collect

for each in months:
    collect(Path(exports), Path(lake), each)

# %% [markdown]
# ## Did every month arrive?
# A month with far fewer rows than its neighbours is worth a question to the operator.


# %%
def count(table):
    scans = [pl.scan_parquet(f"{folder}/{table}/*.parquet") for folder in OUTPUTS["raw"]]
    return [rows.select(pl.len()).collect().item() for rows in scans]


names = ["customers", "usage", "tickets", "payments", "cancellations"]
rows = pl.DataFrame({"month": months} | {table: count(table) for table in names})
rows

# %%
figure, axes = plt.subplots(figsize=(8, 2.6))
axes.bar(rows["month"], rows["usage"] / 1000, color="#666666")
axes.set(ylabel="thousand rows", title=f"usage: {rows['usage'].min():,} to {rows['usage'].max():,} rows a month")
axes.tick_params(axis="x", rotation=45)
plt.show()

# %% [markdown]
# ## Check
# Each month has the five tables, and a checksum for every file.

# %%
for folder in OUTPUTS["raw"]:
    tables_here = {path.name for path in Path(folder).iterdir() if path.is_dir()}
    assert tables_here == set(names), f"{folder} has {tables_here}"
    assert (Path(folder) / "checksums.json").is_file(), f"{folder} has no checksums"
