# %% [markdown]
# # 6. Model Deployment
# Load the model as a different machine would, and score the newest month's customers.
# The result is a table, so anyone can use it: a campaign, a dashboard, a service.

# %% tags=["parameters"]
month = "2025-12"  # the month to score

# %%
lake = "notebooks/lake"
keys = {"customer_id": "Int64", "month": "String"}
contract = {"monthly_charge_eur": "Float64", "tenure_months": "Int32", "contract_months_left": "Int32"}
service = {"minutes_per_day": "Float64", "data_gb_per_day": "Float64", "active_days_share": "Float64"}
changes = {"usage_trend": "Float64", "tickets_3m": "UInt32", "failed_payments_3m": "UInt32"}
words = {"region": "String", "plan": "String", "contract": "String"}

INPUTS = {"model": f"{lake}/model/month={month}", "features": f"{lake}/features/month={month}"}
OUTPUTS = {"predictions": f"{lake}/predictions/month={month}"}
SCHEMAS = {
    "features": keys | contract | service | changes | words,
    "predictions": {"customer_id": "Int64", "churn_probability": "Float64"},
}

# %% [markdown]
# ## Deploy

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

from churn.deploy import deploy

predictions = deploy(Path(lake), month)

# %% [markdown]
# ## Whom to call
# The riskiest customers, with what we know about them.

# %%
features = pl.read_parquet(f"{INPUTS['features']}/*.parquet", hive_partitioning=False)
known = ["customer_id", "plan", "contract", "contract_months_left", "usage_trend", "tickets_3m", "failed_payments_3m"]
predictions.join(features.select(known), on="customer_id").sort("churn_probability", descending=True).head(10)

# %%
threshold = json.loads((Path(INPUTS["model"]) / "scores.json").read_text())["threshold"]
called = predictions.filter(pl.col("churn_probability") >= threshold)
figure, axes = plt.subplots(figsize=(8, 2.8))
axes.hist(predictions["churn_probability"], bins=60, color="#666666")
axes.axvline(threshold, color="#CC79A7", label=f"call from {threshold:.3f} up")
axes.set(xlabel="churn probability", ylabel="customers", yscale="log")
axes.set_title(f"{month}: call {len(called):,} of {len(predictions):,} customers")
axes.legend()
plt.show()

# %% [markdown]
# ## Check
# Every customer of the month has one probability.

# %%
assert set(predictions["customer_id"]) == set(features["customer_id"]), "customers differ from the features"
assert predictions["customer_id"].is_unique().all(), "a customer has two predictions"
assert predictions["churn_probability"].is_between(0, 1).all(), "a probability is not between 0 and 1"
