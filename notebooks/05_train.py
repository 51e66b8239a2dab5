# %% [markdown]
# # 5. Training and Evaluating
# Fit the baseline on the past, choose the threshold that earns most, and measure both on the hold-out month.
# The hold-out month only measures: nothing is chosen on it.

# %% tags=["parameters"]
month = "2025-12"  # the month to score

# %%
lake = "notebooks/lake"
keys = {"customer_id": "Int64", "month": "String"}
contract = {"monthly_charge_eur": "Float64", "tenure_months": "Int32", "contract_months_left": "Int32"}
service = {"minutes_per_day": "Float64", "data_gb_per_day": "Float64", "active_days_share": "Float64"}
changes = {"usage_trend": "Float64", "tickets_3m": "UInt32", "failed_payments_3m": "UInt32"}
words = {"region": "String", "plan": "String", "contract": "String"}

INPUTS = {"training": f"{lake}/training/month={month}"}
OUTPUTS = {"model": f"{lake}/model/month={month}"}
SCHEMAS = {"training": keys | contract | service | changes | words | {"churned": "Boolean"}}

# %% [markdown]
# ## Train

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from churn.storage.model_file import churn_probability, load_model
from churn.train import train
from churn.value import value_per_customer_eur

scores = train(Path(lake), month)
scores

# %% [markdown]
# ## Whom would we call?
# The campaign calls the riskiest customers first. Each call costs money, so there is a best place to stop.

# %%
holdout = pl.read_parquet(f"{INPUTS['training']}/holdout.parquet", hive_partitioning=False)
probability = churn_probability(load_model(Path(OUTPUTS["model"]) / "model.skops"), holdout)
value = value_per_customer_eur(holdout["churned"], holdout["monthly_charge_eur"])[np.argsort(-probability)]
threshold = json.loads((Path(OUTPUTS["model"]) / "scores.json").read_text())["threshold"]
called = int((probability >= threshold).sum())

# %%
figure, axes = plt.subplots(figsize=(8, 2.8))
axes.plot(np.cumsum(value), color="#D55E00")
axes.axvline(called, color="#666666", linestyle="--", label=f"the threshold calls {called:,}")
axes.axhline(0, color="#666666", linewidth=0.6)
axes.set(xlabel="customers called, the riskiest first", ylabel="the campaign earns €")
axes.set_title(f"ROC-AUC {scores.roc_auc:.3f} (0.5 is guessing); the campaign earns {value[:called].sum():,.0f} €")
axes.legend()
plt.show()

# %% [markdown]
# ## Check
# The file holds the model that was measured: loaded again, it reaches the same score.

# %%
again = roc_auc_score(holdout["churned"], probability)
assert abs(again - scores.roc_auc) < 1e-9, f"the file's model reaches {again}, not {scores.roc_auc}"
