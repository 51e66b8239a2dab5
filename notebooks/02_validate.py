# %% [markdown]
# # 2. Data Validation
# Judge each month by the contract with the operator.
# Good rows go to `valid`. Bad rows go to `quarantine`, with a reason. A broken export stops the notebook.

# %% tags=["parameters"]
first_month = "2025-01"
month = "2025-12"  # the newest month

# %%
from churn.storage.months import month_range

months = month_range(first_month, month)
lake = "notebooks/lake"
customer = {"customer_id": "Int64", "signup_date": "Date", "region": "String", "plan": "String", "contract": "String"}
tables = {
    "*/customers/*": customer | {"monthly_charge_eur": "Float64"},
    "*/usage/*": {"customer_id": "Int64", "date": "Date", "minutes": "Int32", "data_gb": "Float32"},
    "*/tickets/*": {"ticket_id": "Int64", "customer_id": "Int64", "opened_date": "Date"},
    "*/payments/*": {"customer_id": "Int64", "due_date": "Date", "amount_eur": "Float64", "status": "String"},
    "*/cancellations/*": {"customer_id": "Int64", "cancel_date": "Date"},
}

INPUTS = {"raw": [f"{lake}/raw/month={each}" for each in months]}
OUTPUTS = {table: [f"{lake}/{table}/month={each}" for each in months] for table in ("valid", "quarantine")}
with_reason = {table: {"reason": "String"} | columns for table, columns in tables.items()}
SCHEMAS = {"raw": tables, "valid": tables, "quarantine": with_reason}

# %% [markdown]
# ## Validate
# The months come in order, because an export is also compared with the months before it.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

from churn.validate import validate

found = [validate(Path(lake), each) for each in months]

# %% [markdown]
# ## What was wrong?
# A few bad rows a month are normal. A new reason, or a sudden rise, is a question to the operator.

# %%
bad = pl.DataFrame(
    [
        (quality.month, table, reason, count)
        for quality in found
        for table, reasons in quality.rejected.items()
        for reason, count in reasons.items()
    ],
    schema={"month": pl.String, "table": pl.String, "reason": pl.String, "rows": pl.Int64},
    orient="row",
)
bad.group_by("table", "reason").agg(pl.col("rows").sum(), months=pl.len()).sort("table", "reason")

# %%
delivered = pl.DataFrame({"month": months, "delivered": [sum(quality.rows.values()) for quality in found]})
put_aside = bad.group_by("month").agg(pl.col("rows").sum())
by_month = delivered.join(put_aside, on="month", how="left", maintain_order="left").fill_null(0)
share = 100 * by_month["rows"] / by_month["delivered"]
figure, axes = plt.subplots(figsize=(8, 2.6))
axes.bar(months, share, color="#666666")
axes.set(ylabel="% of the rows", title=f"At most {share.max():.3f} % of a month's rows were put aside")
axes.tick_params(axis="x", rotation=45)
plt.show()

# %% [markdown]
# ## Check
# No row is lost: each one is in `valid` or in `quarantine`.

# %%
for each, came_in, rejected in by_month.iter_rows():
    kept = sum(len(pl.read_parquet(path)) for path in Path(f"{lake}/valid/month={each}").glob("*/*.parquet"))
    assert kept + rejected == came_in, f"{each}: {came_in:,} rows came in, {kept:,} + {rejected:,} went out"
