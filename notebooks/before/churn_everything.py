# %% [markdown]
# # churn FINAL v3 (Ann)
# everything in one place. **do not restart the kernel**, loading takes ages
#
# TODO clean up before the review!!

# %% ran=[1]
import glob
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
pd.set_option("display.max_columns", 50)
np.random.seed(42)

# %% ran=[2]
DATA = "/home/ann/churn/exports/"
OUT = "/home/ann/Desktop/for_marketing/"
MONTHS = [f"2025-{m:02d}" for m in range(1, 12)]  # december is not there yet


# %% ran=[3, 14]
def load(table):
    parts = []
    for m in MONTHS:
        for f in glob.glob(DATA + f"month={m}/{table}/*.parquet"):
            parts.append(pd.read_parquet(f))
    return pd.concat(parts)


usage = load("usage")
tickets = load("tickets")
payments = load("payments")
customers = load("customers")
gone = load("cancellations")
print(len(usage), len(customers), len(gone))

# %% ran=[4]
usage.head()

# %% ran=[5]
usage.describe()

# %% [markdown]
# ## the model
# logreg is fine, tried a forest too (not better, deleted)

# %% ran=[18]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=1, stratify=y)
sc = StandardScaler().fit(X)
model = LogisticRegression(max_iter=2000)
model.fit(sc.transform(X_train), y_train)

# %% ran=[19]
from sklearn.metrics import roc_auc_score

p_test = model.predict_proba(sc.transform(X_test))[:, 1]
auc = roc_auc_score(y_test, p_test)
print(f"ROC-AUC {auc:.4f}")

# %% [markdown]
# > **wow!!** it was 0.8 something with the november data. the december export really helped.
# > marketing will love this

# %% ran=[20]
from sklearn.metrics import RocCurveDisplay

RocCurveDisplay.from_predictions(y_test, p_test)
plt.title("churn model v3")
plt.show()

# %% [markdown]
# ## looking at the data
# duplicates? yes some

# %% ran=[6]
usage.duplicated(["customer_id", "date"]).sum(), customers.duplicated("customer_id").sum()

# %% ran=[7, 15]
usage = usage.drop_duplicates(["customer_id", "date"])
customers = customers.drop_duplicates("customer_id")
payments = payments.drop_duplicates(["customer_id", "due_date"])
tickets = tickets.drop_duplicates("ticket_id")

# %% ran=[8]
(usage["minutes"] < 0).sum(), usage["minutes"].max(), usage["data_gb"].max()

# %%
# usage = usage[usage["minutes"] < 500]   # outliers? ask Tom
# usage["minutes"] = usage["minutes"].clip(0, 500)

# %% ran=[9]
daily = usage.groupby("date")["minutes"].mean()
daily.plot(figsize=(10, 3), title="minutes a day")
plt.show()

# %% ran=[10]
customers["plan"].value_counts().plot.bar(title="plans")
plt.show()

# %% ran=[11]
usage.merge(customers, on="customer_id").groupby("plan")["data_gb"].mean()

# %%
# df = pd.read_csv("/home/ann/Downloads/old_churn_table.csv", sep=";")
# df.head()

# %% [markdown]
# ## who is a customer
# everybody who has joined and had not left by the end of november.
# target: left in december

# %% ran=[16]
TARGET_MONTH = "2025-12"
df = customers[pd.to_datetime(customers["signup_date"]) < pd.Timestamp(TARGET_MONTH + "-01")].copy()
gone["cancel_date"] = pd.to_datetime(gone["cancel_date"])
before = gone[gone["cancel_date"] < pd.Timestamp(TARGET_MONTH + "-01")]
df = df[~df["customer_id"].isin(before["customer_id"])]
during = gone[gone["cancel_date"] >= pd.Timestamp(TARGET_MONTH + "-01")]
df["churned"] = df["customer_id"].isin(during["customer_id"]).astype(int)
df["churned"].mean()

# %% ran=[12]
# november as the target, to try it out before the december export comes
TARGET_MONTH = "2025-11"
df = customers.copy()
gone["cancel_date"] = pd.to_datetime(gone["cancel_date"])
df["churned"] = df["customer_id"].isin(gone[gone["cancel_date"] >= "2025-11-01"]["customer_id"]).astype(int)
df["churned"].sum()

# %% [markdown]
# ## features
# last 30 days, and the 60 days before that. Tom says the trend is what matters

# %% ran=[17]
usage["date"] = pd.to_datetime(usage["date"])
today = usage["date"].max()
last = usage[usage["date"] > today - pd.Timedelta(days=30)]
prior = usage[(usage["date"] <= today - pd.Timedelta(days=30)) & (usage["date"] > today - pd.Timedelta(days=90))]
last_sum = last.groupby("customer_id").agg(minutes=("minutes", "sum"), gb=("data_gb", "sum"))
prior_sum = prior.groupby("customer_id").agg(minutes_before=("minutes", "sum"))
df = df.merge(last_sum, on="customer_id", how="left").merge(prior_sum, on="customer_id", how="left").fillna(0)
df["trend"] = np.log((df["minutes"] + 1) / (df["minutes_before"] / 2 + 1))

df["silent_days"] = (today - df["customer_id"].map(usage.groupby("customer_id")["date"].max())).dt.days.fillna(365)

t = tickets[pd.to_datetime(tickets["opened_date"]) > today - pd.Timedelta(days=90)]
df["tickets"] = df["customer_id"].map(t.groupby("customer_id").size()).fillna(0)
f = payments[(payments["status"] == "failed") & (pd.to_datetime(payments["due_date"]) > today - pd.Timedelta(days=90))]
df["failed"] = df["customer_id"].map(f.groupby("customer_id").size()).fillna(0)

df["tenure"] = (today - pd.to_datetime(df["signup_date"])).dt.days / 30.4
length = df["contract"].map({"monthly": 0, "one_year": 12, "two_years": 24})
months_in = df["tenure"].round()
df["months_left"] = np.where(length > 0, length - months_in % length.replace(0, 1), 0)

num = ["monthly_charge_eur", "minutes", "gb", "trend", "silent_days", "tickets", "failed", "tenure", "months_left"]
X = pd.concat([df[num], pd.get_dummies(df[["region", "plan", "contract"]]).astype(float)], axis=1)
y = df["churned"]
X.shape

# %% ran=[13]
# the december export is here!! add it and run everything above again
MONTHS.append("2025-12")
MONTHS

# %% [markdown]
# ## what matters

# %% ran=[21]
coefficients = pd.Series(model.coef_[0], index=X.columns).sort_values()
coefficients.plot.barh(figsize=(6, 5))
plt.show()

# %% ran=[22]
df[df["churned"] == 1][["minutes", "minutes_before", "silent_days"]].describe()

# %% [markdown]
# the churners are silent for days before the end. makes sense, they have made up their mind

# %%
# from sklearn.ensemble import RandomForestClassifier
# rf = RandomForestClassifier(n_estimators=300)
# rf.fit(X_train, y_train)
# roc_auc_score(y_test, rf.predict_proba(X_test)[:, 1])

# %% [markdown]
# ## threshold
# a call costs 4, and saves 30 % of those who would leave (Tom's numbers)

# %% ran=[23]
best, best_value = None, -1e9
for t in np.linspace(0.01, 0.9, 90):
    called = p_test >= t
    value = (y_test[called] * 0.3 * 0.45 * 12 * df.loc[y_test.index, "monthly_charge_eur"][called] - 4).sum()
    if value > best_value:
        best, best_value = t, value
print(best, round(best_value))

# %% ran=[24]
values = []
for t in np.linspace(0.01, 0.9, 90):
    called = p_test >= t
    v = (y_test[called] * 0.3 * 0.45 * 12 * df.loc[y_test.index, "monthly_charge_eur"][called] - 4).sum()
    values.append(v)
plt.plot(np.linspace(0.01, 0.9, 90), values)
plt.axvline(best, color="red")
plt.show()

# %% [markdown]
# ## list for marketing
# they want it as csv, semicolons!

# %% ran=[25]
df["p"] = model.predict_proba(sc.transform(X))[:, 1]
to_call = df[df["p"] >= best].sort_values("p", ascending=False)
print(len(to_call), "to call")

# %% ran=[26]
import os

os.makedirs(OUT, exist_ok=True)
to_call[["customer_id", "plan", "p"]].to_csv(OUT + "call_list_final2.csv", sep=";", index=False)

# %% ran=[27]
import pickle

pickle.dump((sc, model, best), open(OUT + "model_v3.pkl", "wb"))

# %%
# check against last month's list
# old = pd.read_csv(OUT + "call_list_final.csv", sep=";")
# len(set(old["customer_id"]) & set(to_call["customer_id"]))

# %% [markdown]
# ## slides

# %% ran=[28]
fig, ax = plt.subplots(1, 2, figsize=(10, 3))
ax[0].hist(df["p"], bins=50, log=True)
ax[0].set_title("risk")
ax[1].bar(["stay", "leave"], df.groupby("churned")["trend"].mean())
ax[1].set_title("trend")
plt.savefig(OUT + "slide7.png")
plt.show()

# %% ran=[29]
summary = df.groupby("plan").agg(n=("customer_id", "size"), churn=("churned", "mean"), risk=("p", "mean"))
summary.to_csv(OUT + "slide8.csv")
summary

# %%
# TODO
# - ask Tom about the outliers
# - retrain every month?? how
# - where do the 3 % duplicates come from
